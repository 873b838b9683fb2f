"""What a study maximises: a figure of evaluation episodes, and how those of many episodes become a score."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from tuner.config.parameters import Frozen, Number
from tuner.errors import did_you_mean
from tuner.records import Aggregate
from tuner.statistics.answer_records import Measure

METRICS = ("success", "milestones", "return")
AREA = "area"  # success, as the mean over all evaluations
WORDS = (*METRICS, AREA)
INFO = re.compile(r"info:(\S.*)")
EXAMPLE = "{metric: info:energy, direction: minimize}"


Metric = Annotated[str, WithJsonSchema({"anyOf": [{"enum": list(WORDS)}, {"type": "string", "pattern": r"^info:\S"}]})]


class ObjectiveSpec(Frozen):
    """An objective. One that a word can name is stored as that word, as in earlier versions."""

    metric: Metric = "success"  # one of `METRICS`, or `info:` and the name of a number in `info` at an episode's end
    direction: Literal["maximize", "minimize"] = "maximize"
    quantile: Annotated[Number, Field(gt=0, lt=1)] | None = None  # over the episodes; None: their mean
    checkpoints: Literal["last", "all"] = "last"  # whose mean score is a trial's: the last three, or all

    @model_validator(mode="after")
    def _sound(self) -> "ObjectiveSpec":
        if self.metric not in METRICS and self.entry is None:
            valid = f"{', '.join(WORDS)}, info:NAME"
            raise ValueError(f"{self.metric!r} is no metric{did_you_mean(self.metric, WORDS)}; valid: {valid}")
        if self.entry is None and self.direction == "minimize":
            raise ValueError(f"direction: {self.metric} is better the higher it is; minimize is for info:NAME")
        if self.quantile is not None and self.metric in ("success", "milestones"):
            raise ValueError(f"quantile: {self.metric} is yes or no in an episode; take return or info:NAME")
        return self

    @model_serializer(mode="wrap")
    def _short(self, handler: SerializerFunctionWrapHandler) -> Any:
        usual = ObjectiveSpec.model_fields
        told = {name: value for name, value in handler(self).items() if value != usual[name].default}
        if told.keys() <= {"metric"}:
            return self.metric
        return AREA if told == {"checkpoints": "all"} else {"metric": self.metric, **told}

    @property
    def entry(self) -> str | None:
        """The name of the entry of `info` that it reads; None for the other metrics."""
        found = INFO.fullmatch(self.metric)
        return None if found is None else found[1]

    @property
    def aggregate(self) -> Aggregate:
        """How the figures of episodes become a score."""
        return Aggregate(quantile=self.quantile, minimize=self.direction == "minimize")

    def measure(self, *, told: bool) -> Measure:
        """What configurations are compared by in tables and tests; `told`: whether success is."""
        if self.checkpoints == "all":
            return "score"
        if self.metric in ("success", "milestones"):
            return "success" if told else "return"
        return "return" if self.metric == "return" and self.quantile is None else "score"

    @property
    def words(self) -> str:
        """What a score is, in words; empty where glossary and tables say it already."""
        if self == ObjectiveSpec(metric=self.metric) and self.entry is None:
            return ""
        low = self.direction == "minimize"
        what = self.metric if self.entry is None else f"info[{self.entry!r}] at an episode's end"
        over = "" if self.quantile is None else f" ({self.quantile:.0%} of the episodes are worse)"
        when = ", mean over all evaluations" if self.checkpoints == "all" else ""
        return f"{'minus ' if low else ''}{what}{over}{when}{' (the lower the entry, the better)' if low else ''}"


def as_mapping(value: Any) -> Any:
    """A word as the mapping that it stands for."""
    if isinstance(value, str):
        value = {"metric": value}
    if isinstance(value, dict) and value.get("metric") == AREA:
        return {**value, "metric": "success", "checkpoints": "all"}
    if not isinstance(value, dict | ObjectiveSpec):
        raise ValueError(f"{value!r} must be {', '.join(WORDS)}, info:NAME or a mapping such as {EXAMPLE}")
    return value


Objective = Annotated[ObjectiveSpec, BeforeValidator(as_mapping, json_schema_input_type=Metric | ObjectiveSpec)]
