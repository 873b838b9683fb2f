"""A confirmation read from its runs: the configurations in it, their results and the answer. Nothing is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tuner import seeds
from tuner.config.model import StudySpec
from tuner.finals.confirmation_plan import (
    DEFAULT_SEEDS,
    DEFAULT_TOP,
    TEST_GOALS,
    VALIDATION_SEEDS,
    Arm,
    ConfirmationPlan,
    ConfirmationRun,
    Phase,
    RunKey,
    RunResult,
    decided,
    digest,
    left,
    planned,
    tested,
    winner,
)
from tuner.record_type import Record
from tuner.results.confirmation_arms import make_plan, plan_again
from tuner.statistics.answer_records import WINNER, Answer, Measure
from tuner.statistics.verdict import answer, recommended
from tuner.study.reader import StudyReader
from tuner.study.rows import Row


class ArmResult(Record):
    """The runs of one configuration so far."""

    arm: Arm
    validation: tuple[float, ...]  # by seed, of the confirmation's measure
    dropped: bool  # clearly behind in the validation
    test: tuple[float, ...]  # by seed


class Confirmation(Record):
    """The state of a confirmation."""

    study: str
    environment: str
    measure: Measure
    test_seeds: int  # asked for
    arms: tuple[ArmResult, ...]
    winner: Arm | None  # the tuned one that is tested; None while undecided, or if none was tuned
    decided: bool  # whether the validation is over
    done: int  # runs
    planned: int
    answer: Answer | None  # of the test so far, comparisons only once all runs are done; None before the first
    whole: bool = False  # whether a run's value is the mean over its evaluations, not its last one

    @property
    def complete(self) -> bool:
        """Whether nothing is left to run."""
        return self.decided and self.done == self.planned

    @property
    def recommended(self) -> Arm | None:
        """The recommended configuration by the rule of `tuner.statistics.verdict`; None until all runs are done."""
        if not self.complete or self.answer is None:
            return None
        by_name = {name_in_answer(one.arm): one.arm for one in self.tested}
        return by_name[recommended(self.answer)]

    @property
    def tested(self) -> tuple[ArmResult, ...]:
        """Configurations with test runs, the winner first."""
        found = [one for one in self.arms if one.test]
        return tuple(sorted(found, key=lambda one: one.arm.role is not None))

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "study": self.study,
            "environment": self.environment,
            "measure": self.measure,
            "test_goals": TEST_GOALS,
            "complete": self.complete,
            "runs": {"done": self.done, "planned": self.planned},
            "winner": self.winner.name if self.winner else None,
            "recommended": self.recommended.name if self.recommended else None,
            "arms": [_arm_data(one) for one in self.arms],
            "answer": self.answer.data() if self.answer else None,
            "seeds": {key: value for key, value in seeds.plan().items() if key.startswith(("validation", "test"))},
        }


def _arm_data(one: ArmResult) -> dict[str, Any]:
    return {
        "name": one.arm.name,
        "role": one.arm.role,
        "arguments": one.arm.arguments,
        "tuning": {"success": one.arm.success, "return": one.arm.mean_return, "score": one.arm.score},
        "validation": list(one.validation),
        "dropped": one.dropped,
        "test": list(one.test),
    }


def conclude(plan: ConfirmationPlan, spec: StudySpec, results: Mapping[RunKey, RunResult]) -> Confirmation:
    """The state of a confirmation from the results of its runs. The same runs always give the same answer."""
    runs = planned(plan, results)
    measure = measured(spec, results.values())
    racing = {arm.name for arm in left(plan, results)}
    chosen = winner(plan, results)
    over = decided(plan, results)
    testing = tested(plan, chosen) if over else ()  # tests of a former winner no longer count
    arms = tuple(
        ArmResult(
            arm=arm,
            validation=_values(arm, "validation", plan.validation_seeds, results, measure),
            dropped=arm.name not in racing,
            test=_values(arm, "test", plan.test_seeds, results, measure) if arm in testing else (),
        )
        for arm in plan.arms
    )
    done = sum(run.key in results for run in runs)
    shown = _answer([one for one in arms if one.test], measure)
    if shown is not None and done < len(runs):
        shown = replace(shown, comparisons=())  # testing again after every seed would find a difference sooner or later
    return Confirmation(
        study=spec.name,
        environment=spec.environment.id,
        measure=measure,
        test_seeds=plan.test_seeds,
        arms=arms,
        winner=chosen,
        decided=over,
        done=done,
        planned=len(runs),
        answer=shown,
        whole=spec.objective.checkpoints == "all",
    )


def _answer(arms: Sequence[ArmResult], measure: Measure) -> Answer | None:
    """The winner and the baselines compared over the test runs; None without any."""
    if not arms:
        return None
    tuned = {name_in_answer(one.arm): tuning(one.arm, measure) for one in arms}
    return answer(
        {name_in_answer(one.arm): one.test for one in arms},
        TEST_GOALS if measure == "success" else None,
        np.random.default_rng(seeds.TEST),
        tuned={name: value for name, value in tuned.items() if value is not None},
    )


def name_in_answer(arm: Arm) -> str:
    """The name in an `Answer`: a baseline's own, `winner` for the tuned configuration."""
    return WINNER if arm.role is None else arm.name


def tuning(arm: Arm, measure: Measure) -> float | None:
    """The figure of the trial for which a configuration was chosen."""
    return {"success": arm.success, "return": arm.mean_return, "score": arm.score}[measure]


def measured(spec: StudySpec, results: Iterable[RunResult]) -> Measure:
    """Success where the environment reports it, unless the study is scored by something else."""
    return spec.objective.measure(told=any(result.success is not None for result in results))


def _values(
    arm: Arm, phase: Phase, count: int, results: Mapping[RunKey, RunResult], measure: Measure
) -> tuple[float, ...]:
    """Values of a configuration by seed; a diverged run counts as success 0, or as the worst value of all runs."""
    keys = [ConfirmationRun(phase=phase, arm=arm, place=place).key for place in range(count)]
    found = [_value(results[key], measure) for key in keys if key in results]
    known = [value for result in results.values() if (value := _value(result, measure)) is not None]
    worst = 0.0 if measure == "success" else min(known, default=0.0)
    return tuple(worst if value is None else value for value in found)


def _value(result: RunResult, measure: Measure) -> float | None:
    return {"success": result.success, "return": result.mean_return, "score": result.score}[measure]


class ConfirmationReading(Record):
    """The last confirmation of a study, with the configurations and the number of seeds that it was made with."""

    confirmation: Confirmation
    recommended: Row | None  # the recommended trial or baseline; None until all runs are done
    newer: int  # trials that completed since

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.confirmation.data(), "newer_trials": self.newer}


def read_confirmation(reader: StudyReader) -> ConfirmationReading | None:
    """The study's last confirmation in its present state, None if it has none.

    Trials that completed since take no part in it; `newer` counts them.
    """
    spec, results = reader.spec, reader.confirmation_results()
    if not results:
        return None
    rows, asked = reader.rows, reader.asked_confirmation()
    plan = plan_again(rows, spec, asked) if asked else None
    if plan is None:  # its confirmation study is of an earlier version
        plan = make_plan(rows, spec, top=DEFAULT_TOP, test_seeds=DEFAULT_SEEDS)
    confirmation = conclude(plan, spec, results)
    name = confirmation.recommended.name if confirmation.recommended else None
    return ConfirmationReading(
        confirmation=confirmation,
        recommended=next((row for row in reversed(rows) if row.finished and row.label == name), None),
        newer=sum(row.value is not None for row in rows[asked.trials :]) if asked else 0,
    )


def confirmation_data(reading: ConfirmationReading, row: Row) -> dict[str, Any]:
    """A complete confirmation as provenance of an exported trial.

    `arm` is the name of that trial's configuration in the answer, None if it was not tested.
    """
    found = reading.confirmation
    own = digest(row.arguments)
    tested = next((one.arm for one in found.tested if one.arm.configuration == own), None)
    data = reading.data()
    return {
        "recommended": data.pop("recommended"),
        "arm": None if tested is None else name_in_answer(tested),
        "verdicts": [one.words for one in found.answer.comparisons] if found.answer else [],
        "test_seeds": found.test_seeds,
        **data,
        "seeds": {
            "validation": list(range(seeds.VALIDATION, seeds.VALIDATION + VALIDATION_SEEDS)),
            "test": list(range(seeds.TEST, seeds.TEST + found.test_seeds)),
            "first_validation_goal": seeds.VALIDATION_GOALS,
            "first_test_goal": seeds.TEST_GOALS,
        },
    }
