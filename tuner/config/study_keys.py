"""The parts of a study: how success is read, how training gets harder, what is scaled, how much is evaluated."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StrictStr

from tuner.config.arguments import POLICY
from tuner.config.environment_spec import plain
from tuner.config.parameters import Frozen, Number, Parameter
from tuner.records import LONGEST_EPISODE, Curriculum, Signals

Key = Annotated[StrictStr, Field(min_length=1)]  # a key of an environment's `info`


def policy_options(values: dict[str, Any]) -> dict[str, Any]:
    """Rejects arguments of the policy that a space may search, beside what `plain` rejects."""
    for name in values.keys() & POLICY.keys():
        raise ValueError(f"{name} belongs under `fixed`, or under the parameters of a space")
    plain(values)
    return values


def tenths(value: float) -> float:
    """The value as a difficulty: 0.1, 0.2 and so on up to 1.0."""
    if round(10 * value) not in range(1, 11) or abs(10 * value - round(10 * value)) > 1e-6:
        raise ValueError(f"{value:g} must be one of 0.1, 0.2 and so on up to 1.0")
    return round(10 * value) / 10


class CurriculumSpec(Frozen):
    """A curriculum: difficulty `start` at first, raised by 0.1 whenever enough of the last episodes succeed."""

    start: Annotated[Number, AfterValidator(tenths), Field(json_schema_extra={"minimum": 0.1, "maximum": 1})] = 0.1
    threshold: Annotated[Number, Field(gt=0, le=1)] = 0.5  # share of the window's episodes
    window: Annotated[StrictInt, Field(ge=1, le=100_000)] = 100  # episodes since the last raise
    signal: Key = "is_success"  # the flag in `info` at an episode's end that counts as success

    def record(self) -> Curriculum:
        """The record that is sent to a worker."""
        return Curriculum(**self.model_dump())


def on_or_off(value: Any) -> Any:
    """Turns `true` into an empty mapping (all defaults) and `false` into None."""
    if not isinstance(value, bool | dict | Frozen | None):
        raise ValueError(f"{value!r} must be true, false or a mapping")
    return ({} if value else None) if isinstance(value, bool) else value


CurriculumField = Annotated[
    CurriculumSpec | None, BeforeValidator(on_or_off, json_schema_input_type=bool | CurriculumSpec | None)
]


class SuccessSpec(Frozen):
    """Where success is told: the key of `info`, at an episode's end or at any step."""

    key: Key
    when: Literal["end", "any"] = "end"
    at_least: Number | None = None  # from where on a number is a success; None: from 1


class FirstLook(Frozen):
    """What the look at the environment before a study's first trial decided, once for all its trials."""

    success: str | None  # the key of `info` that tells success; None: scores are returns
    when: Literal["end", "any"] = "end"
    at_least: Number | None = None  # from where on a number is a success; None: from 1
    distance: str | None = None  # the key whose distance breaks ties
    shifted: bool = False  # whether a space begins elsewhere than at 0, so that wrappers shift it
    normalize: Annotated[tuple[StrictStr, ...], Field(strict=False)] = ()  # arguments of SB3's VecNormalize it set
    policy: StrictStr | None = None  # for the observations; None in studies of earlier versions, which had flat ones
    warnings: Annotated[tuple[StrictStr, ...], Field(strict=False)] = ()

    @property
    def signals(self) -> Signals:
        """The record that is sent to a worker."""
        return Signals(success=self.success, when=self.when, distance=self.distance, at_least=self.at_least)


class NormalizeSpec(Frozen):
    """Arguments of SB3's VecNormalize: what it scales, and at which values it clips."""

    norm_obs: bool = True
    norm_reward: bool = True
    clip_obs: Annotated[Number, Field(gt=0)] = 10.0
    clip_reward: Annotated[Number, Field(gt=0)] = 10.0


NormalizeField = Annotated[
    NormalizeSpec | None, BeforeValidator(on_or_off, json_schema_input_type=bool | NormalizeSpec | None)
]


class Goals(Frozen):
    """The number of evaluation episodes at a checkpoint: at the early ones, and at each of the last three.

    An episode that is longer than `longest` steps is cut off there.
    """

    early: Annotated[StrictInt, Field(ge=1, le=10_000)] = 20
    late: Annotated[StrictInt, Field(ge=1, le=10_000)] = 50
    longest: Annotated[StrictInt, Field(ge=1, le=10**9)] = LONGEST_EPISODE


class Stage(Frozen):
    """What one stage searches, and its number of trials if not the study's."""

    parameters: Annotated[dict[str, Parameter], Field(min_length=1)]
    trials: Annotated[StrictInt, Field(ge=1, le=10**9)] | None = None

    @property
    def title(self) -> str:
        """The names of its parameters, joined."""
        return "-".join(self.parameters)
