"""A natural-gradient step inside a trust region, for any loss and any distance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, nan

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

CONJUGATE_GRADIENT_STEPS = 10
BACKTRACK_RATIO = 0.7
BACKTRACKS = 12


@dataclass(frozen=True)
class TrustRegionStep:
    """How far a step went, and the share of the proposed step that it took."""

    distance: float
    step_fraction: float


def trust_region_step(
    parameters: Sequence[nn.Parameter],
    loss: Tensor,
    loss_and_distance: Callable[[], tuple[Tensor, Tensor]],
    curvature: Tensor,
    max_distance: float,
    damping: float,
) -> TrustRegionStep:
    """Lower a loss as far as a distance ≤ `max_distance` allows (Schulman et al. 2015, appendix C).

    The direction solves (H + damping) x = −∇loss by conjugate gradients, H being the Hessian of `curvature`. It is
    scaled to `max_distance` under the quadratic model, then shortened until the loss has fallen and the distance
    fits; if it never does, the parameters stay as they were, and the distance is 0; it is NaN if the direction, or the
    loss or the distance at the shortest step, is not finite.

    Args:
        parameters: What is moved, in place.
        loss: The scalar to lower, where the parameters are, with its graph.
        loss_and_distance: Returns that scalar and the distance where it finds the parameters.
        curvature: The distance where the parameters are, its minimum, with its graph; or a cheaper estimate of it. Its
            Hessian shapes the step.
        max_distance: The region's radius.
        damping: Added to the Hessian's diagonal.
    """
    gradient = _flat(torch.autograd.grad(loss, parameters))
    product = hessian_vector_product(curvature, parameters, damping)
    direction, image = conjugate_gradient(product, -gradient, CONJUGATE_GRADIENT_STEPS)
    length = torch.sqrt(2 * max_distance / (direction @ image).clamp_min(1e-12))
    if not torch.isfinite(length * direction).all():
        return TrustRegionStep(nan, 0.0)

    start = parameters_to_vector(parameters).detach()
    with torch.no_grad():
        for attempt in range(BACKTRACKS):
            fraction = BACKTRACK_RATIO**attempt
            _set(parameters, start + fraction * length * direction)
            after, distance = loss_and_distance()
            if distance <= max_distance and after < loss:
                return TrustRegionStep(float(distance), fraction)
        _set(parameters, start)
    return TrustRegionStep(0.0 if isfinite(after) and isfinite(distance) else nan, 0.0)


def hessian_vector_product(
    scalar: Tensor, parameters: Sequence[nn.Parameter], damping: float
) -> Callable[[Tensor], Tensor]:
    """Return v ↦ (H + damping) v, H being the Hessian of `scalar` (Pearlmutter 1994)."""
    gradient = _flat(torch.autograd.grad(scalar, parameters, create_graph=True))

    def product(vector: Tensor) -> Tensor:
        return _flat(torch.autograd.grad(gradient @ vector, parameters, retain_graph=True)) + damping * vector

    return product


def conjugate_gradient(product: Callable[[Tensor], Tensor], target: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Solve A x = `target` for a symmetric positive definite A, given v ↦ A v (Hestenes & Stiefel 1952).

    Returns:
        x after at most `steps` steps, and A x.
    """
    solution = torch.zeros_like(target)
    residual = target.clone()
    search = residual.clone()
    residual_square = residual @ residual
    for _ in range(steps):
        if residual_square <= 1e-10 * (target @ target):
            break
        image = product(search)
        step = residual_square / (search @ image)
        solution += step * search
        residual -= step * image
        previous, residual_square = residual_square, residual @ residual
        search = residual + residual_square / previous * search
    return solution, target - residual


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _set(parameters: Sequence[nn.Parameter], vector: Tensor) -> None:
    """Copy `vector` into the parameters where they lie.

    `vector_to_parameters` would make them views of it instead, which other places in memory round otherwise than
    parameters that a checkpoint restored.
    """
    for parameter, values in zip(
        parameters, vector.split([parameter.numel() for parameter in parameters]), strict=True
    ):
        parameter.copy_(values.view_as(parameter))
