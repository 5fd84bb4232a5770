"""Settings of environments."""

from typing import Annotated, Any

from pydantic import Field, PositiveInt, field_validator

from gailpipe.foundation.params import Section


class EnvSettings(Section):
    """What an environment is, where its name does not say all."""

    id: Annotated[str, Field(min_length=1)] | None = None
    """Gymnasium's, perhaps with the module that registers it, MODULE:ID; by default the environment's name."""
    kwargs: dict[str, Any] = Field(default={})
    """What its constructor takes."""

    max_episode_steps: PositiveInt | None = None
    """The time limit; by default the registered one."""
    code: Annotated[str, Field(min_length=1)] | None = None
    """The file or package in environments/ that it is made of, on which all its results depend."""

    @field_validator("kwargs")
    @classmethod
    def _leaves_to_others_what_is_theirs(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        for key in ("id", "max_episode_steps", "render_mode"):
            if key in kwargs:
                where = "is set where films are made" if key == "render_mode" else f"stands beside kwargs, as {key}"
                raise ValueError(f"{key} {where}; remove it")
        return kwargs
