"""Learning from demonstrations: behavioural cloning, and rewards that tell the expert from the policy."""
