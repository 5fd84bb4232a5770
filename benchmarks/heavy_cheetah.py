"""HalfCheetah whose gravity is half as large again, to which learned rewards are transferred."""

from typing import Any

import gymnasium
from gymnasium.envs.mujoco.half_cheetah_v5 import HalfCheetahEnv

GRAVITY = 1.5  # of the earth's


class HeavyCheetahEnv(HalfCheetahEnv):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.model.opt.gravity[:] *= GRAVITY


gymnasium.register("HeavyCheetah-v0", entry_point=HeavyCheetahEnv, max_episode_steps=1000)
