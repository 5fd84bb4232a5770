"""What keeps a network from learning its few pairs by heart: weight decay, and dropout."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gailpipe.policies.networks import Tanh


def decayed(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the parameters of `module` as AdamW takes them: weight matrices decay, biases and log σ do not.

    A step takes `weight_decay` times the learning rate of every weight off it, whatever the gradient (Loshchilov &
    Hutter 2019, algorithm 2).
    """
    parameters = list(module.parameters())
    return [
        {"params": [parameter for parameter in parameters if parameter.ndim > 1], "weight_decay": weight_decay},
        {"params": [parameter for parameter in parameters if parameter.ndim <= 1], "weight_decay": 0.0},
    ]


@contextmanager
def dropping_out(module: nn.Module, fraction: float, generator: torch.Generator) -> Iterator[None]:
    """Let every hidden unit of `module` be 0 with probability `fraction`, in each row anew, while the context lasts.

    The others grow by 1 / (1 − `fraction`), so that the mean stays (Srivastava et al. 2014, section 10). Nothing is
    drawn from `generator` where the fraction is 0.
    """

    def drop(_module: nn.Module, _inputs: Any, units: Tensor) -> Tensor:
        return units * (torch.rand(units.shape, generator=generator) >= fraction) / (1 - fraction)

    with ExitStack() as hooks:
        if fraction:
            for layer in module.modules():
                if isinstance(layer, Tanh):
                    hooks.callback(layer.register_forward_hook(drop).remove)
        yield
