"""When a study's finals begin, and which repeat is next."""

import math
import time
from typing import Literal

from tuner.config.model import StudySpec
from tuner.finals.confirmation_plan import digest
from tuner.finals.finals_plan import FinalsPlan, Repeat, default_share, planned
from tuner.finals.leader import Run
from tuner.record_type import Record
from tuner.study import finals_record
from tuner.study.rows import Row, make_row, score_runs
from tuner.study.writer import StudyWriter

REPEAT_COST = 2.0  # of a repeat, which is never pruned, in typical trials


class TimeLimit(Record):
    """The time that a run has."""

    last_start: float = math.inf  # on the monotonic clock; after it, no trial is started
    seconds: float = 0.0  # of a full trial
    workers: int = 1

    def fitting(self) -> int:
        """The number of full trials that still fit."""
        left = self.last_start + self.seconds - time.monotonic()
        return max(int(left / self.seconds), 0) * self.workers


class FinalsSchedule:
    """Decides, trial by trial, between search and finals."""

    def __init__(self, writer: StudyWriter, spec: StudySpec, target: int, limit: TimeLimit) -> None:
        """Takes the total number of trials, and how long the run may take."""
        self._writer = writer
        self._spec = spec.model_copy(update={"trials": target})
        self._limit = limit
        self._begun = time.monotonic()
        self._known: tuple[FinalsPlan, list[Run], list[str]] | None = None
        self._plan = self._open_plan()

    def next(self, running: int, running_search: int) -> Literal["search", "wait"] | Repeat | None:
        """What to start next; None where the finals of this run are over.

        Args:
            running: Trials that run.
            running_search: Those of them that are no repeats.
        """
        if self._plan is None:
            if self._searching(running_search):
                return "search"
            if running:
                return "wait"
            self._plan = self._begin()
            if self._plan is None:
                return "search"
        return self._next_repeat(running)

    def _searching(self, running: int) -> bool:
        spec, writer = self._spec, self._writer
        repeats = max(spec.repeats, writer.count_repeats())
        if writer.count_finished() - writer.count_repeats() + running >= spec.trials - repeats:
            return False
        return not spec.repeats or not self._time_for_finals()

    def _time_for_finals(self) -> bool:
        """Whether what is left of the time is the finals' part."""
        if math.isinf(self._limit.last_start) or not self._limit.seconds:
            return False
        end = self._limit.last_start + self._limit.seconds
        whole = (end - self._begun) / self._limit.seconds * self._limit.workers * REPEAT_COST  # typical trials
        trials = min(self._spec.trials, self._writer.count_finished() + round(whole))
        share = default_share(trials) if self._spec.finals == "auto" else self._spec.finals
        return share > 0 and end - time.monotonic() <= min(REPEAT_COST * share, 1.0) * (end - self._begun)

    def _open_plan(self) -> FinalsPlan | None:
        """The last finals, if they were begun for as many trials and are not over."""
        plans = finals_record.read_plans(self._writer.study)
        if not plans or plans[-1].trials != self._spec.trials or not self._spec.repeats:
            return None
        done = finals_record.results(self._rows(plans[-1]))
        return plans[-1] if len(done) < plans[-1].repeats else None

    def _begin(self) -> FinalsPlan | None:
        """Begins finals with the trials that are missing; None without two configurations to choose from."""
        missing = self._spec.trials - self._writer.count_finished()
        if not math.isinf(self._limit.last_start):
            missing = min(missing, self._limit.fitting())
        plan = FinalsPlan(trials=self._spec.trials, after=len(self._writer.trials()), repeats=missing)
        if missing < 1 or not self._spec.repeats or not self._planned(plan):
            return None
        finals_record.write_plan(self._writer.study, plan)
        return plan

    def _next_repeat(self, running: int) -> Literal["wait"] | Repeat | None:
        plan = self._plan
        if plan is None:
            return None
        begun = {
            (digest(row.arguments), row.attributes["place"])
            for row in self._rows(plan)
            if row.repeat_of is not None and row.state in ("complete", "pruned", "running")
        }
        missing = [one for one in self._planned(plan) if (one.configuration, one.place) not in begun]
        if missing:
            return missing[0]
        if running:
            return "wait"
        self._plan = None
        return None

    def _planned(self, plan: FinalsPlan) -> list[Repeat]:
        runs, fixed = self._before(plan)
        if len({run.configuration for run in runs}) < 2:
            return []
        return planned(plan, runs, fixed, finals_record.results(self._rows(plan)))

    def _before(self, plan: FinalsPlan) -> tuple[list[Run], list[str]]:
        """The runs before the finals, which no longer change, and the baselines' configurations."""
        if self._known is None or self._known[0] != plan:
            before = [make_row(trial, self._spec) for trial in self._writer.trials() if trial.number < plan.after]
            self._known = plan, score_runs(before), [digest(row.arguments) for row in before if row.role is not None]
        return self._known[1:]

    def _rows(self, plan: FinalsPlan) -> list[Row]:
        """The trials since the finals began."""
        return [make_row(trial, self._spec) for trial in self._writer.trials()[plan.after :]]
