"""Tiny settings of learning from replayed transitions."""

from typing import Any

from gailpipe.rl.off_policy.settings import OffPolicyTraining

TINY: dict[str, Any] = {
    "env_steps": 40,
    "num_envs": 2,
    "first_steps": 10,
    "updates_per_step": 0.5,
    "batch_size": 16,
    "hidden_sizes": [8],
    "learning_rate": 0.01,
    "discount": 0.5,
    "target_rate": 0.1,
    "policy_every": 1,
    "policy_warm_up": 0,
    "average_rate": 0.25,
}


def tiny(**different: Any) -> OffPolicyTraining:
    return OffPolicyTraining.model_validate(TINY | different)
