"""The results of a final training, as data and in words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tuner import seeds
from tuner.final_training.training_plan import TEST_GOALS, TrainingPlan
from tuner.record_type import Record
from tuner.statistics.answer_records import ArmStatistics, Interval, Measure, figure
from tuner.statistics.intervals import wilson
from tuner.statistics.verdict import answer

Which = Literal["final", "best"]
KINDS: tuple[Which, ...] = ("final", "best")


class TrainingSummary(Record):
    """The results of all finished runs."""

    measure: Measure
    results: tuple[dict[str, Any], ...]  # of each run, in the order of the seeds
    final: ArmStatistics  # the models at the end of training, over the seeds
    best: ArmStatistics  # the models of the highest evaluation of each run, over the seeds
    words: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "measure": self.measure,
            "test_goals": TEST_GOALS,
            "final": self.final.data(),
            "best": self.best.data(),
            "words": list(self.words),
            "runs": list(self.results),
        }


def summarise_training(plan: TrainingPlan, results: Sequence[Mapping[str, Any]]) -> TrainingSummary:
    """The summary of finished runs; the same runs always give the same figures."""
    reported = any((one.get("tests") or {}).get("final", {}).get("success") is not None for one in results)
    objective = plan.recipe.spec.objective.model_copy(update={"checkpoints": "last"})  # a model is tested once
    measure = objective.measure(told=reported)
    arms = {kind: _arm(kind, results, measure) for kind in KINDS}
    words = [*_figures(arms, measure), *_confirmation(plan, arms["final"], measure), *_same_curve(plan, results)]
    return TrainingSummary(
        measure=measure,
        results=tuple(dict(one) for one in results),
        final=arms["final"],
        best=arms["best"],
        words=tuple(words),
    )


def test_value(result: Mapping[str, Any], kind: Which, measure: Measure) -> float | None:
    """The success rate, return or score of a run's model in its test; None if the run diverged."""
    test = (result.get("tests") or {}).get(kind)
    return None if test is None else test[measure]


def best_run(summary: TrainingSummary) -> dict[str, Any]:
    """The run whose best model was best in its test, the first of equals."""

    def merit(result: dict[str, Any]) -> float:
        value = test_value(result, "best", summary.measure)
        return -math.inf if value is None else value

    return max(summary.results, key=merit)


def _arm(kind: Which, results: Sequence[Mapping[str, Any]], measure: Measure) -> ArmStatistics:
    """Statistics over the seeds; a diverged run counts as success 0, or as the worst value of all runs."""
    found = [test_value(one, kind, measure) for one in results]
    worst = 0.0 if measure == "success" else min((one for one in found if one is not None), default=0.0)
    values = [worst if one is None else one for one in found]
    goals = TEST_GOALS if measure == "success" else None
    return answer({kind: values}, goals, np.random.default_rng(seeds.FINAL)).arm(kind)


def _figures(arms: Mapping[Which, ArmStatistics], measure: Measure) -> list[str]:
    count = len(arms["final"].values)
    if count > 1:
        names: dict[Which, str] = {"final": "final models", "best": "best models by evaluation"}
        return [
            f"{measure.capitalize()} of the {names[kind]} over {count} seeds, {TEST_GOALS} fresh episodes each: "
            f"IQM {interval(arms[kind].iqm, arms[kind].iqm_interval, measure)}, "
            f"mean {interval(arms[kind].mean, arms[kind].mean_interval, measure)}"
            for kind in KINDS
        ]
    return [
        f"{measure.capitalize()} of the {kind} model over {TEST_GOALS} fresh episodes: "
        + interval(arms[kind].mean, _of_goals(arms[kind], measure), measure)
        for kind in KINDS
    ]


def _of_goals(arm: ArmStatistics, measure: Measure) -> Interval | None:
    """The interval of one model's success rate, from its episodes alone; None for returns."""
    return wilson(arm.values[0], TEST_GOALS) if measure == "success" and arm.values else None


def _confirmation(plan: TrainingPlan, final: ArmStatistics, measure: Measure) -> list[str]:
    found = plan.recipe.confirmed()
    if found is None or len(final.values) < 2:
        return []
    theirs = Interval(**found["iqm_interval"]) if found.get("iqm_interval") else None
    said = f"The confirmation found IQM {interval(found.get('iqm'), theirs, measure)} over {len(found['values'])} seeds"
    steps = plan.recipe.provenance.get("budget", {}).get("timesteps")
    if steps != plan.recipe.spec.timesteps:
        return [f"{said}, at {steps:,} steps"] if isinstance(steps, int) else [said]
    ours = final.iqm_interval
    if theirs is None or ours is None:
        return [f"{said}: too few seeds to compare"]
    apart = ours.low > theirs.high or theirs.low > ours.high
    return [f"{said}: the intervals {'do not overlap' if apart else 'overlap'}"]


def _same_curve(plan: TrainingPlan, results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Whether a repetition of the trial has the same learning curve, and if not, possible reasons."""
    theirs = plan.recipe.curve
    same_length = plan.recipe.provenance.get("budget", {}).get("timesteps") == plan.recipe.spec.timesteps
    if not plan.own or not theirs or not results or not same_length:
        return []
    ours = results[0].get("curve", [])
    apart = next((place for place, point in enumerate(theirs) if not _same(point, ours, place)), None)
    if apart is None:
        return [f"The curve is the trial's, bit for bit ({len(theirs)} evaluations)"]
    point = ours[apart] if apart < len(ours) else {}
    said = (
        f"The curve differs from the trial's from step {theirs[apart]['step']:,} on "
        f"(score {theirs[apart]['score']} in the trial, {point.get('score')} here)"
    )
    return [f"{said}: {'; '.join(_reasons(plan, results[0])) or 'perhaps the machines round differently'}"]


def _same(point: Mapping[str, Any], ours: Sequence[Mapping[str, Any]], place: int) -> bool:
    return place < len(ours) and all(ours[place].get(name) == value for name, value in point.items())


def _reasons(plan: TrainingPlan, result: Mapping[str, Any]) -> list[str]:
    reasons = [f"training was interrupted and resumed at step {step:,}" for step in result.get("resumed", [])]
    theirs, ours = plan.recipe.provenance.get("versions", {}), result.get("versions", {})
    reasons += [f"{name} was {theirs[name]}, is {ours.get(name)}" for name in theirs if theirs[name] != ours.get(name)]
    return reasons


def interval(value: float | None, span: Interval | None, measure: Measure) -> str:
    """A figure with its interval, with the decimal that a mean over seeds can have."""
    return figure(value, measure, span, percent=".3g")
