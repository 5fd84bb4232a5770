"""Train the GAIL of `imitation` 1.0.1; runs under its own Python, and prints a JSON object after each round."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import gymnasium
import numpy as np
from imitation.algorithms.adversarial.gail import GAIL
from imitation.data.types import Transitions
from imitation.rewards.reward_nets import BasicRewardNet
from imitation.util.logger import configure
from imitation.util.networks import RunningNorm
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

NUM_ENVS = 8
PAIRS = 200
SAC_STEPS_A_ROUND, SAC_UPDATES_A_STEP = 128, 0.5


class Done(Exception):  # noqa: N818
    """The time is up."""


def main(arguments: argparse.Namespace) -> None:
    environment = arguments.environment.replace("-v5", "-v4")  # the newest that Gymnasium 0.29 has
    venv = make_vec_env(environment, NUM_ENVS, seed=arguments.seed)
    if arguments.algorithm == "SAC":
        gradient_steps = int(SAC_UPDATES_A_STEP * NUM_ENVS)  # after a step of all
        generator, steps_a_round = (
            SAC("MlpPolicy", venv, gradient_steps=gradient_steps, seed=arguments.seed),
            SAC_STEPS_A_ROUND,
        )
    else:
        generator, steps_a_round = PPO("MlpPolicy", venv, seed=arguments.seed), None  # a rollout
    reward_net = BasicRewardNet(venv.observation_space, venv.action_space, normalize_input_layer=RunningNorm)
    trainer = GAIL(
        demonstrations=load_pairs(arguments.pairs) if arguments.pairs else random_pairs(environment),
        demo_batch_size=128,
        n_disc_updates_per_round=8,
        venv=venv,
        gen_algo=generator,
        gen_train_timesteps=steps_a_round,
        reward_net=reward_net,
        allow_variable_horizon=True,
        custom_logger=configure(tempfile.mkdtemp(), format_strs=[]),
    )
    judges = make_vec_env(environment, NUM_ENVS, seed=0)
    started, evaluating, evaluations = time.perf_counter(), 0.0, 0

    def after_round(number: int) -> None:
        nonlocal evaluating, evaluations
        now = time.perf_counter()
        seconds = now - started - evaluating
        figures = {"env_steps": (number + 1) * trainer.gen_train_timesteps, "seconds": seconds}
        time_is_up = seconds >= arguments.seconds and number > 0
        due = figures["env_steps"] >= arguments.evaluate_every * (evaluations + 1)
        if arguments.evaluate_every and (due or time_is_up):
            figures["return"], _ = evaluate_policy(generator, judges, arguments.episodes, deterministic=True)
            evaluations += 1
            evaluating += time.perf_counter() - now
        print(json.dumps(figures), flush=True)
        if time_is_up:
            raise Done

    try:
        trainer.train(total_timesteps=10**9, callback=after_round)
    except Done:
        sys.exit(0)


def load_pairs(path: str) -> Transitions:
    pairs = {name: np.array(values) for name, values in json.loads(Path(path).read_text()).items()}
    last = pairs["observations"][-1:]
    return transitions(np.concatenate([pairs["observations"], last]), pairs["actions"].astype(np.float32))


def random_pairs(environment: str) -> Transitions:
    env = gymnasium.make(environment)
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
    parser.add_argument("environment")
    parser.add_argument("--seconds", type=float, required=True, help="of training, and two rounds at least")
    parser.add_argument("--algorithm", choices=["PPO", "SAC"], default="PPO", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pairs", help="JSON file of demonstrated observations and actions; random ones without it")
    parser.add_argument("--evaluate-every", type=int, default=0, metavar="STEPS", help="and at the end; default: never")
    parser.add_argument("--episodes", type=int, default=10, help="in an evaluation")
    main(parser.parse_args())
