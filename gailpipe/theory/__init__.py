"""The paper's theory of occupancy measures, computed exactly on small Markov decision processes."""
