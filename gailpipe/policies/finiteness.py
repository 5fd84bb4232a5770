"""Numbers that are none, caught before anything is built on them."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gailpipe.foundation.errors import UserError
from gailpipe.policies.checkpoint import Part


def require_finite(place: str, quantities: Mapping[str, Tensor | float]) -> None:
    """Check that `quantities` hold no NaN and no infinity.

    Raises:
        UserError: Names `place`, such as a task and its iteration, and the first quantity that does.
    """
    for name, values in quantities.items():
        if not torch.as_tensor(values).isfinite().all():
            raise UserError(
                f"{place}: {name}: a NaN or an infinity arose; lower the learning rates or max_kl, or mend the task"
            )


def require_finite_parts(place: str, parts: Mapping[str, Part]) -> None:
    """Check that no parameter or buffer of `parts` is NaN or infinite.

    Raises:
        UserError: Names `place`, and the first of them that is.
    """
    for name, part in parts.items():
        if isinstance(part, nn.Module):
            require_finite(place, {f"{name}'s {key}": tensor for key, tensor in part.state_dict().items()})
