"""Learning from replayed transitions: soft actor-critic, on any reward."""
