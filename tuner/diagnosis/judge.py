"""The whole diagnosis of a trial: every question that its signals can answer, in the guide's order."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tuner.diagnosis import episodes, learning, updates
from tuner.diagnosis.series import Sign, TrainingRecord, run_of
from tuner.verdicts import SEVERITY, worst

QUESTIONS: tuple[Callable[[TrainingRecord], Iterator[Sign]], ...] = (
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


def judge(run: TrainingRecord) -> tuple[Sign, ...]:
    """A line for each question; none where a signal is missing or too short to tell."""
    return tuple(sign for question in QUESTIONS for sign in question(run))


def diagnose(algorithm: str, arguments: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[Sign, ...]:
    """The lines for a trial by what is stored with it; none where its signals were not recorded."""
    return judge(run_of(algorithm, arguments, attributes)) if "health" in attributes else ()


def in_words(signs: Sequence[Sign]) -> dict[str, str]:
    """A diagnosis as a trial's attributes: the dashboard gives each a line, and breaks none."""
    counts = Counter(sign.verdict for sign in signs)
    ailing = [sign for sign in signs if sign.verdict != "ok"]
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in reversed(SEVERITY) if counts[verdict])
    return {
        "diagnosis": f"{worst(signs)} ({said})",
        **{f"diagnosis {sign.name}": f"{sign.verdict}: {sign.finding} ({sign.cure})" for sign in ailing},
    }
