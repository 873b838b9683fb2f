"""A trial is a function: a job and somebody to report to, in; an outcome, out. It knows no study."""

import time
from collections.abc import Callable

from tuner.errors import EnvironmentFailed, TrialDiverged
from tuner.records import TrialJob, TrialOutcome
from tuner.training.session import Report, train


def never() -> bool:
    """Nobody stops this trial but whoever it reports to."""
    return False


def run_trial(job: TrialJob, report: Report, stopped: Callable[[], bool] = never) -> TrialOutcome:
    """Trains one configuration.

    Known ends become outcomes: divergence, an environment that raised, memory that ran out. Everything else is a fault
    of ours or of the spec, and is raised.

    Args:
        job: What to train.
        report: Called with every evaluation; its answer says whether to go on and what to keep.
        stopped: Asked at every environment step; true ends the training.
    """
    begun = time.perf_counter()
    try:
        return train(job, report, stopped)
    except TrialDiverged as error:
        return TrialOutcome(state="diverged", reason=str(error), seconds=time.perf_counter() - begun)
    except EnvironmentFailed as error:
        return TrialOutcome(state="failed", reason=str(error), seconds=time.perf_counter() - begun)
    except MemoryError as error:
        reason = f"out of memory ({error or 'no details'}): fewer --workers, or a smaller buffer_size or net, need less"
        return TrialOutcome(state="failed", reason=reason, seconds=time.perf_counter() - begun)
