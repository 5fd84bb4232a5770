"""One Torch thread, as in the stages: small networks gain nothing from a second."""

import torch

torch.set_num_threads(1)
