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
            raise UserError(f"{place}: {name}: a NaN or an infinity arose; the last checkpoint before it is kept")


def require_finite_parameters(place: str, parts: Mapping[str, Part]) -> None:
    """Check that no parameter of `parts` is NaN or infinite.

    Raises:
        UserError: Names `place`, and the first part that holds one.
    """
    for name, part in parts.items():
        if isinstance(part, nn.Module):
            require_finite(place, {f"{name}'s parameters": parameter for parameter in part.parameters()})
