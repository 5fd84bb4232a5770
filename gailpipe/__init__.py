"""gailpipe: Generative Adversarial Imitation Learning (Ho & Ermon 2016) as a pipeline with versioned data."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gailpipe.policies.policy_file import load_policy

__all__ = ["load_policy"]


def __getattr__(name: str) -> Any:
    """Import Torch only when a policy is asked for."""
    if name == "load_policy":
        from gailpipe.policies.policy_file import load_policy

        return load_policy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
