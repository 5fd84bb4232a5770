from math import isnan

import pytest
import torch
from torch import nn

from gailpipe.rl.on_policy.trust_region import (
    TrustRegionStep,
    conjugate_gradient,
    hessian_vector_product,
    trust_region_step,
)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_conjugate_gradient_solves_a_positive_definite_system(generator: torch.Generator) -> None:
    root = torch.randn(6, 6, generator=generator, dtype=torch.float64)
    matrix = root @ root.T + torch.eye(6)
    target = torch.randn(6, generator=generator, dtype=torch.float64)
    solution, image = conjugate_gradient(lambda vector: matrix @ vector, target, steps=6)
    torch.testing.assert_close(solution, torch.linalg.solve(matrix, target))
    early, image = conjugate_gradient(lambda vector: matrix @ vector, target, steps=3)
    torch.testing.assert_close(image, matrix @ early)


def test_conjugate_gradient_of_nothing_is_nothing() -> None:
    solution, image = conjugate_gradient(lambda vector: vector, torch.zeros(3), steps=5)
    assert torch.equal(solution, torch.zeros(3))
    assert torch.equal(image, torch.zeros(3))


def test_hessian_vector_product_equals_the_explicit_hessian(generator: torch.Generator) -> None:
    point = torch.randn(4, generator=generator, dtype=torch.float64)

    def scalar(x: torch.Tensor) -> torch.Tensor:
        return (x[0] * x[1]).sin() + x[2].exp() * x[3] ** 2 + (x**4).sum()

    hessian = torch.autograd.functional.hessian(scalar, point)
    parameter = nn.Parameter(point)
    vector = torch.randn(4, generator=generator, dtype=torch.float64)
    product = hessian_vector_product(scalar(parameter), [parameter], damping=0.3)(vector)
    torch.testing.assert_close(product, hessian @ vector + 0.3 * vector)


def test_step_on_a_quadratic_region_ends_where_the_exact_solution_lies() -> None:
    metric, slope, radius = torch.tensor([1.0, 4.0]), torch.tensor([1.0, 2.0]), 0.5
    parameter = nn.Parameter(torch.zeros(2))

    def half_square() -> torch.Tensor:
        return (metric * parameter.square()).sum() / 2

    def loss_and_distance() -> tuple[torch.Tensor, torch.Tensor]:
        return parameter @ slope, 0.9999 * half_square()  # a shade less: rounding must not put the exact step outside

    step = trust_region_step([parameter], parameter @ slope, loss_and_distance, half_square(), radius, damping=0.0)
    natural = slope / metric
    exact = -natural * (2 * radius / (slope @ natural)).sqrt()
    torch.testing.assert_close(parameter.detach(), exact, atol=1e-4, rtol=1e-4)
    assert step.step_fraction == 1
    assert step.distance == pytest.approx(radius, rel=1e-3)


def test_parameters_stay_when_no_step_lowers_the_loss() -> None:
    parameter = nn.Parameter(torch.tensor([1.0]))
    start = parameter.detach().clone()

    def loss() -> torch.Tensor:  # its gradient promises a descent that its value never gives
        return (parameter - parameter.detach()).sum()

    def distance() -> torch.Tensor:
        return (parameter - start).square().sum()

    step = trust_region_step([parameter], loss(), lambda: (loss(), distance()), distance(), 0.1, damping=0.0)
    assert torch.equal(parameter, start)
    assert step.step_fraction == 0


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_a_loss_or_a_distance_that_is_not_finite_is_told(wrong: float) -> None:
    def step(loss: float, distance: float) -> TrustRegionStep:
        def away(value: float) -> torch.Tensor:
            return torch.tensor(value if (parameter != 1).any() else 0.0)

        def loss_and_distance() -> tuple[torch.Tensor, torch.Tensor]:
            return parameter.sum() + away(loss), (parameter - 1).square().sum() + away(distance)

        parameter = nn.Parameter(torch.ones(2))
        before, curvature = parameter.sum(), (parameter - 1).square().sum()
        done = trust_region_step([parameter], before, loss_and_distance, curvature, 0.1, 0.0)
        assert torch.equal(parameter, torch.ones(2))
        assert done.step_fraction == 0
        return done

    assert isnan(step(loss=wrong, distance=9.0).distance)
    assert isnan(step(loss=9.0, distance=wrong).distance)
    assert step(loss=9.0, distance=9.0).distance == 0


def test_parameters_stay_where_they_lie_in_memory() -> None:
    parameters = [nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2))]
    places = [parameter.data_ptr() for parameter in parameters]

    def loss() -> torch.Tensor:
        return parameters[0].sum() + 2 * parameters[1].sum()

    def distance() -> torch.Tensor:
        return sum(((parameter - 1).square().sum() for parameter in parameters), torch.zeros(()))

    step = trust_region_step(parameters, loss(), lambda: (loss(), distance()), distance(), 0.1, damping=0.0)
    assert step.step_fraction > 0
    assert [parameter.data_ptr() for parameter in parameters] == places
    direction = torch.tensor([1.0, 1.0, 1.0, 2.0, 2.0])
    moved = torch.cat(tuple(parameters)).detach() - 1
    torch.testing.assert_close(moved / moved.norm(), -direction / direction.norm())
