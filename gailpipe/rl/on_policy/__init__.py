"""Learning from rollouts: TRPO with a value function, on any reward."""
