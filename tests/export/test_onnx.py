"""A policy in ONNX does what it does here."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete

from gailpipe.envs.gymnasium_spaces import actions_of_space
from gailpipe.envs.spaces import Interface
from gailpipe.export.onnx import onnx_bytes
from gailpipe.policies.policy import make_policy
from tests.environments import generator

SPACES = {
    "bounded": Box(-0.3, 0.2, (2, 2)),
    "open": Box(-np.inf, np.inf, (3,)),
    "discrete": Discrete(5, start=2),
    "several": MultiDiscrete([3, 2, 4], start=[1, 0, -2]),
    "switches": MultiBinary((2, 2)),
}


@pytest.mark.parametrize("offset", [0.0, 1e9])
@pytest.mark.parametrize("name", SPACES)
def test_onnxruntime_acts_as_the_policy_does(name: str, offset: float) -> None:
    interface = Interface("any", 6, actions_of_space("any", SPACES[name]))
    policy: Any = make_policy(interface, [16, 16], 0.0, generator())
    observations = offset + 3 * torch.randn(200, 6, generator=generator(), dtype=torch.float64)
    policy.normalizer.update(observations)
    with torch.no_grad():
        (policy.logit_network if hasattr(policy, "logit_network") else policy.mean_network)[-1].weight.mul_(100)
    session = onnxruntime.InferenceSession(onnx_bytes(policy))
    (given,) = session.get_inputs()
    assert given.type == ("tensor(double)" if offset else "tensor(float)")
    batch = observations.numpy().astype(np.float64 if offset else np.float32)
    (found,) = session.run(["actions"], {"observations": batch})
    expected = policy(batch)
    assert found.shape == expected.shape
    assert len(np.unique(found, axis=0)) > 1
    np.testing.assert_allclose(found, expected, atol=1e-5)
    (alone,) = session.run(["actions"], {"observations": batch[:1]})
    np.testing.assert_allclose(alone, expected[:1], atol=1e-5)
