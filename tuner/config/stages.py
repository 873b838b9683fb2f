"""The stages of a study that tunes one parameter after another: the guide's, or a study file's own."""

from typing import Annotated

from pydantic import Field, StrictInt

from tuner.config.space import FloatParameter, Frozen, IntParameter, Parameter


class Stage(Frozen):
    """What one stage searches, and with how many trials where they are not the study's."""

    parameters: Annotated[dict[str, Parameter], Field(min_length=1)]
    trials: Annotated[StrictInt, Field(ge=1, le=10**9)] | None = None

    @property
    def title(self) -> str:
        """The names of its parameters, joined."""
        return "-".join(self.parameters)


# The first tip of the PPO guide. Its first step, the reward, is what the look before a new study is for.
GUIDE = (
    Stage(parameters={"learning_rate": FloatParameter(type="float", low=1e-4, high=1e-3, scale="log")}),
    Stage(parameters={"n_steps": IntParameter(type="int", low=1024, high=4096, scale="power_of_two")}),
    Stage(parameters={"clip_range": FloatParameter(type="float", low=0.1, high=0.3)}),
)
