"""Learning from the environment's own reward, and a bonus for novelty where that says too little."""
