"""What a run would take: measured on this machine, and nothing written."""

from sqlalchemy.engine import URL

from tuner.app.engine_options import open_engine
from tuner.app.events import PlanRefused, SpeedMeasured
from tuner.app.notify import Notifier
from tuner.app.resolve import storage_url
from tuner.app.tune import TuneRequest, announced, look
from tuner.config.model import StudySpec
from tuner.config.staging import stage_spec
from tuner.planning.forecast import Forecast, forecast
from tuner.study.reader import find_reader
from tuner.study.stored import differences_in_meaning


def plan_run(request: TuneRequest, notifier: Notifier) -> Forecast:
    """Looks at the environment and measures.

    Raises:
        TunerError: what the run would be refused for.
    """
    url = storage_url(request.storage)
    spec = announced(request, url, notifier)
    trials = _missing(spec, url, notifier)
    measured = stage_spec(spec, 1, {}) if spec.stages else spec
    with open_engine(request.engine, measured, notifier) as engine:
        if not request.skip_check:
            look(measured, notifier, inline=request.engine.inline)
        notifier.notify(SpeedMeasured(on_node=False))
        engine.prepare(1)
        return forecast(engine, measured, trials)


def _missing(spec: StudySpec, url: URL, notifier: Notifier) -> int:
    """How many trials are still to run."""
    if spec.stages:
        return spec.trials * len(spec.stages)
    if (stored := find_reader(url, spec.name)) is None:
        return spec.trials
    if differences := differences_in_meaning(stored.spec, spec):
        notifier.notify(PlanRefused(study=spec.name, differences=tuple(differences)))
    return max(spec.trials - sum(row.finished for row in stored.rows), 0)
