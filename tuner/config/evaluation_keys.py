"""A study file's `evaluation` as a mapping, taken apart into the keys that a study stores."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictInt, ValidationError, model_validator

from tuner.config.environment_spec import Arguments
from tuner.config.faults import describe
from tuner.config.parameters import Frozen

EvaluationMode = Literal["deterministic", "stochastic"]
Count = Annotated[StrictInt, Field(ge=1, le=10_000)]


def as_it_is(value: Any) -> Any:
    """The value; its validator says in the schema that a model takes more than its fields."""
    return value


class EpisodeCounts(Frozen):
    """Evaluation episodes of an early checkpoint, and of each of the last three."""

    early: Count | None = None
    late: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_number(cls, data: Any) -> Any:
        return {"early": data, "late": data} if isinstance(data, int) and not isinstance(data, bool) else data


Episodes = Annotated[EpisodeCounts, BeforeValidator(as_it_is, json_schema_input_type=Count | EpisodeCounts)]


class EvaluationKeys(Frozen):
    """How the policy acts in evaluations, in how many episodes, and in which environment."""

    deterministic: bool = True
    episodes: Episodes = EpisodeCounts()
    environment: Arguments = Field(default_factory=dict)  # arguments of its constructor, besides the study's


Evaluation = Annotated[
    EvaluationMode, BeforeValidator(as_it_is, json_schema_input_type=EvaluationMode | EvaluationKeys)
]


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
