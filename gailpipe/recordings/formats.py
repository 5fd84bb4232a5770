"""What can be read."""

FORMATS = {
    "Minari's dataset": "recordings/hopper-expert-v0, or the name mujoco/hopper/expert-v0",
    "imitation's trajectories": "recordings/rollouts, a folder with state.json",
    "LeRobot's dataset": "recordings/pusht, a folder with meta/info.json",
    "HDF5 in D4RL's layout": "recordings/reach.hdf5",
    "npz in D4RL's layout": "recordings/reach.npz",
    "Parquet": "recordings/reach.parquet, with trajectory, observation and action",
    "CSV": "recordings/reach.csv, with trajectory, observation_0, …, action_0, …",
}
"""The formats of recordings, each with an example of a path."""
