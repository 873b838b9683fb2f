"""The model card of a final training: its models, their results, provenance and use."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from tuner import __version__
from tuner.config.algorithms import ALGORITHMS, title
from tuner.config.arguments import is_normalized
from tuner.final_training.training_folder import FINAL, WHAT
from tuner.final_training.training_plan import TEST_GOALS, TrainingPlan
from tuner.final_training.training_summary import TrainingSummary, best_run, interval, test_value
from tuner.output.texts import template
from tuner.statistics.answer_records import training_seeds
from tuner.training.model_files import BEST, BEST_STATISTICS


def card(plan: TrainingPlan, summary: TrainingSummary, command: str, *, video: bool) -> str:
    """The README of the folder of a final training, as Markdown."""
    recipe, spec, first = plan.recipe, plan.recipe.spec, summary.results[0]
    return template("model_card.md.j2").render(
        plan=plan,
        recipe=recipe,
        spec=spec,
        summary=summary,
        command=command,
        video=video,
        algorithm=title(spec.algorithm),
        package=ALGORITHMS[spec.algorithm].model.partition(":")[0],
        kind=ALGORITHMS[spec.algorithm].model.partition(":")[2],
        runs=f"training seed {plan.seeds[0]}" if plan.one else f"{len(plan.seeds)} training seeds",
        results=[_row(plan, one, summary) for one in summary.results],
        goals=TEST_GOALS,
        final=FINAL,
        best=BEST,
        statistics=BEST_STATISTICS,
        what=WHAT,
        scaled=is_normalized(recipe.arguments),
        where="" if plan.one else f"seed-{best_run(summary)['seed']}/",
        environment=shlex.quote(spec.environment.id),
        options=json.dumps(spec.environment.options) if spec.environment.options else "",
        version=__version__,
        standing=_standing(recipe.provenance),
        study=repr(recipe.provenance.get("study")),
        versions=_listed(first.get("versions", {})),
        hardware=_listed(first.get("hardware", {})),
        seconds=f"{sum(float(one.get('training_seconds', 0.0)) for one in summary.results):,.0f}",
        resumed=any(one.get("resumed") for one in summary.results),
    )


def _row(plan: TrainingPlan, one: Mapping[str, Any], summary: TrainingSummary) -> dict[str, str]:
    """The table row of a run."""
    state = one["state"] + (f", {one['reason']}" if one.get("reason") else "")
    return {
        "seed": str(one["seed"]),
        "final": interval(test_value(one, "final", summary.measure), None, summary.measure),
        "best": interval(test_value(one, "best", summary.measure), None, summary.measure),
        "step": "-" if one.get("best_step") is None else f"{one['best_step']:,}",
        "state": state + "".join(f", resumed at {at:,}" for at in one.get("resumed", [])),
        "folder": "." if plan.one else f"[seed-{one['seed']}](seed-{one['seed']})",
    }


def _standing(provenance: Mapping[str, Any]) -> str:
    found = provenance.get("confirmation")
    if not provenance.get("confirmed") or not isinstance(found, dict):
        return f"chosen by {training_seeds(1 + len(provenance.get('repeats', [])))}, not confirmed"
    verdicts = "; ".join(found.get("verdicts", []))
    return f"confirmed over {found.get('test_seeds')} seeds" + (f": {verdicts}" if verdicts else "")


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "unknown"
