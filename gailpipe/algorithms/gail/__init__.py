"""Generative adversarial imitation learning."""
