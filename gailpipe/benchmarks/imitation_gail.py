"""Train the GAIL of `imitation` 1.0.1; runs under its own Python, and prints a JSON object after each round."""

import argparse
import json
import sys
import tempfile
import time

import gymnasium
import numpy as np
from imitation.algorithms.adversarial.gail import GAIL
from imitation.data.types import Transitions
from imitation.rewards.reward_nets import BasicRewardNet
from imitation.util.logger import configure
from imitation.util.networks import RunningNorm
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

NUM_ENVS = 8
PAIRS = 200


class Done(Exception):  # noqa: N818
    """The time is up."""


def main(arguments: argparse.Namespace) -> None:
    task = arguments.task.replace("-v5", "-v4")  # the newest that Gymnasium 0.29 has
    venv = make_vec_env(task, NUM_ENVS, seed=0)
    generator = PPO("MlpPolicy", venv, seed=0)
    reward_net = BasicRewardNet(venv.observation_space, venv.action_space, normalize_input_layer=RunningNorm)
    trainer = GAIL(
        demonstrations=random_pairs(task),
        demo_batch_size=128,
        n_disc_updates_per_round=8,
        venv=venv,
        gen_algo=generator,
        reward_net=reward_net,
        allow_variable_horizon=True,
        custom_logger=configure(tempfile.mkdtemp(), format_strs=[]),
    )
    started = time.perf_counter()

    def after_round(number: int) -> None:
        seconds = time.perf_counter() - started
        figures = {"env_steps": (number + 1) * trainer.gen_train_timesteps, "seconds": seconds}
        print(json.dumps(figures), flush=True)
        if seconds >= arguments.seconds:
            raise Done

    try:
        trainer.train(total_timesteps=10**9, callback=after_round)
    except Done:
        sys.exit(0)


def random_pairs(task: str) -> Transitions:
    env = gymnasium.make(task)
    env.action_space.seed(0)
    observations, actions = [env.reset(seed=0)[0]], []
    for _ in range(PAIRS):
        actions.append(env.action_space.sample())
        observation, _, terminated, truncated, _ = env.step(actions[-1])
        observations.append(env.reset()[0] if terminated or truncated else observation)
    return transitions(np.array(observations), np.array(actions))


def transitions(observations: np.ndarray, actions: np.ndarray) -> Transitions:
    """Return pairs as `imitation` takes them; its GAIL looks at nothing but observations and actions."""
    return Transitions(
        obs=observations[:-1],
        acts=actions,
        infos=np.array([{}] * len(actions)),
        next_obs=observations[1:],
        dones=np.zeros(len(actions), bool),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("--seconds", type=float, required=True)
    main(parser.parse_args())
