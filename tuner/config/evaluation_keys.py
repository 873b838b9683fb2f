"""A study file's `evaluation` as a mapping, taken apart into the keys that a study stores."""

from typing import Any, Literal

from pydantic import Field, StrictInt, ValidationError, model_validator

from tuner.config.environment_spec import Arguments
from tuner.config.faults import describe
from tuner.config.parameters import Frozen

EvaluationMode = Literal["deterministic", "stochastic"]


class EpisodeCounts(Frozen):
    """Evaluation episodes of an early checkpoint, and of each of the last three."""

    early: StrictInt | None = Field(default=None, ge=1, le=10_000)
    late: StrictInt | None = Field(default=None, ge=1, le=10_000)

    @model_validator(mode="before")
    @classmethod
    def _one_number(cls, data: Any) -> Any:
        return {"early": data, "late": data} if isinstance(data, int) and not isinstance(data, bool) else data


class EvaluationKeys(Frozen):
    """How the policy acts in evaluations, in how many episodes, and in which environment."""

    deterministic: bool = True
    episodes: EpisodeCounts = EpisodeCounts()
    environment: Arguments = Field(default_factory=dict)  # arguments of its constructor, besides the study's


def with_evaluation(data: Any) -> Any:
    """The keys of a study file, in which `evaluation` is a word; other data as it is.

    Raises:
        ValueError: a line for every problem of the mapping.
    """
    if not isinstance(data, dict) or not isinstance(data.get("evaluation"), dict):
        return data
    try:
        asked = EvaluationKeys.model_validate(data["evaluation"])
    except ValidationError as error:
        raise ValueError("\n".join(f"evaluation.{line}" for line in describe(error, EvaluationKeys))) from None
    goals = data.get("goals", {})
    if counts := asked.episodes.model_dump(exclude_none=True):
        goals = {**goals, **counts} if isinstance(goals, dict) else goals
    given = {"evaluation_environment": asked.environment} if asked.environment else {}
    return {**data, "evaluation": "deterministic" if asked.deterministic else "stochastic", "goals": goals, **given}
