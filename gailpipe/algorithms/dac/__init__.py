"""Discriminator-actor-critic: adversarial imitation that learns from replayed transitions."""
