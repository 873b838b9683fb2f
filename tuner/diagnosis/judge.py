"""The whole diagnosis of a trial: every question that its signals can answer, in the guide's order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tuner.diagnosis import episodes, learning, updates
from tuner.diagnosis.series import Run, Sign, run_of
from tuner.verdicts import SEVERITY, worst

QUESTIONS: tuple[Callable[[Run], Iterator[Sign]], ...] = (
    learning.reward,
    learning.length,
    updates.policy_loss,
    learning.value_loss,
    updates.kl,
    updates.clipping,
    learning.explained_variance,
    updates.exploration,
    learning.critic_loss,
    learning.temperature,
    episodes.timeouts,
    episodes.return_without_success,
    episodes.gamma,
)


def judge(run: Run) -> tuple[Sign, ...]:
    """A line for each question; none where a signal is missing or too short to tell."""
    return tuple(sign for question in QUESTIONS for sign in question(run))


def diagnose(algorithm: str, arguments: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[Sign, ...]:
    """The lines for a trial by what is stored with it; none where its signals were not recorded."""
    return judge(run_of(algorithm, arguments, attributes)) if "health" in attributes else ()


def in_words(signs: Sequence[Sign]) -> str:
    """A diagnosis as text, the verdict first, then a line a sign from the worst on: for a page that shows attributes."""
    by_severity = sorted(signs, key=lambda sign: -SEVERITY[sign.verdict])
    cures = [f" ({sign.cure})" if sign.cure else "" for sign in by_severity]
    lines = [
        f"  {sign.verdict} {sign.name}: {sign.finding}{cure}" for sign, cure in zip(by_severity, cures, strict=True)
    ]
    return "\n".join([worst(signs), *lines])
