"""The normaliser."""

import torch

from gailpipe.policies.normalizer import Normalizer


def test_running_moments_equal_those_of_all_rows_at_once() -> None:
    rows = torch.randn(300, 4, generator=torch.Generator().manual_seed(0)) * 5 + 2
    normalizer = Normalizer(4)
    for part in rows.split([7, 150, 143]):
        normalizer.update(part)
    torch.testing.assert_close(normalizer.mean, rows.double().mean(0))
    torch.testing.assert_close(normalizer.variance, rows.double().var(0, unbiased=False))
    torch.testing.assert_close(normalizer(rows).mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(normalizer(rows).std(0, unbiased=False), torch.ones(4), atol=1e-5, rtol=0)


def test_a_new_normalizer_changes_nothing_and_a_loaded_one_works_at_once() -> None:
    rows = torch.tensor([[1.0, -2.0]])
    fresh, used = Normalizer(2), Normalizer(2)
    assert torch.equal(fresh(rows), rows)
    used.update(torch.tensor([[0.0, 0.0], [4.0, 8.0]]))
    fresh.load_state_dict(used.state_dict())
    assert torch.equal(fresh(rows), used(rows))


def test_what_hardly_varied_is_measured_in_how_it_varies_later() -> None:
    normalizer = Normalizer(2)
    normalizer.update(torch.tensor([[0.0, 1.0], [2.0, 1.0]]))  # a deviation of 1, and of 0
    normalizer.widen(torch.tensor([[0.0, 0.0], [1.0, 4.0]]))  # 1/2, and 2
    torch.testing.assert_close(normalizer.variance, torch.tensor([1.0, 4.0], dtype=torch.float64))
    torch.testing.assert_close(normalizer(torch.tensor([[3.0, 5.0]])), torch.tensor([[2.0, 2.0]]))
