"""gailpipe: Generative Adversarial Imitation Learning (Ho & Ermon 2016) as a pipeline with versioned data."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gailpipe.demonstrations.demonstrations import read_demonstrations
    from gailpipe.policies.policy_file import load_policy
    from gailpipe.rewards.learned import load_reward

__all__ = ["load_policy", "load_reward", "read_demonstrations"]


def __getattr__(name: str) -> Any:
    """Import Torch or Polars only when they are asked for."""
    match name:
        case "load_policy":
            from gailpipe.policies.policy_file import load_policy

            return load_policy
        case "load_reward":
            from gailpipe.rewards.learned import load_reward

            return load_reward
        case "read_demonstrations":
            from gailpipe.demonstrations.demonstrations import read_demonstrations

            return read_demonstrations
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
