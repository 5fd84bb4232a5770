"""Policies as ONNX models, which run without Python."""

import importlib.util
import logging
import warnings

import torch
from torch import Tensor, nn

from gailpipe.demonstrations.table import MOST_BLUR
from gailpipe.envs.spaces import ContinuousActions
from gailpipe.foundation.errors import UserError
from gailpipe.policies.policy import CategoricalPolicy, Policy

OPSET = 18


class Acting(nn.Module):
    """A policy's deterministic actions as executed, from observations (batch, observation_dim)."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy, self._actions = policy, policy.environment.actions
        self.dtype = torch.float64 if _needs_double(policy) else torch.float32

    def forward(self, observations: Tensor) -> Tensor:
        """Return actions (batch, *shape): float32 within their bounds, or int64 counted from their start."""
        if isinstance(self._actions, ContinuousActions):
            low, high = (torch.from_numpy(bound).float() for bound in (self._actions.low, self._actions.high))
            return self.policy.mode(observations).clamp(low, high).reshape(-1, *self._actions.shape)
        assert isinstance(self.policy, CategoricalPolicy)
        logits = self.policy.flat_logits(observations).split(self._actions.counts, -1)
        integers = [one.argmax(-1) + start for one, start in zip(logits, self._actions.start, strict=True)]
        return torch.stack(integers, -1).reshape(-1, *self._actions.shape)


def onnx_bytes(policy: Policy) -> bytes:
    """Return an ONNX model of `policy`: its normaliser, its network, and its bounds.

    It maps `observations` (batch, observation_dim) to deterministic `actions` (batch, *shape). Observations are in
    single precision, or in double precision if single would blur a feature.

    Raises:
        UserError: The packages that write ONNX are not installed.
    """
    if not all(importlib.util.find_spec(name) for name in ("onnx", "onnxscript")):
        raise UserError("writing ONNX needs two more packages: pip install onnx onnxscript")
    acting = Acting(policy).eval()
    example = torch.zeros(2, policy.environment.observation_dim, dtype=acting.dtype)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(action="ignore"), torch.no_grad():
        program = torch.onnx.export(
            acting,
            (example,),
            input_names=["observations"],
            output_names=["actions"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    return program.model_proto.SerializeToString()


def _needs_double(policy: Policy) -> bool:
    """Tell whether single precision would blur a feature that varies."""
    std = policy.normalizer.variance.sqrt()
    blur = policy.normalizer.mean.abs() * torch.finfo(torch.float32).eps
    return bool(((std > 0) & (blur > MOST_BLUR * std)).any())
