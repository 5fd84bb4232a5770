"""Reinforcement learning on any reward: on-policy by TRPO, off-policy by SAC."""
