"""The model card: what a folder holds, how good it is, where it comes from, how to use it."""

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from tuner import __version__
from tuner.config.arguments import is_normalized
from tuner.final_training.training_folder import FINAL, WHAT
from tuner.final_training.training_plan import TEST_GOALS, TrainingPlan
from tuner.final_training.training_summary import TrainingSummary, foremost, shown, worth
from tuner.training.model_files import BEST, BEST_STATISTICS


def card(plan: TrainingPlan, summary: TrainingSummary, command: str, *, film: bool) -> str:
    """The README of a training's folder, as Markdown."""
    parts = [
        _heading(plan, summary),
        _figures(plan, summary, film=film),
        _use(plan, summary),
        _arguments(plan),
        _origin(plan, summary, command),
        _limits(plan, summary),
    ]
    return "\n".join(line for part in parts for line in (*part, ""))


def _heading(plan: TrainingPlan, summary: TrainingSummary) -> Iterator[str]:
    spec = plan.recipe.spec
    algorithm = spec.algorithm.upper()
    yield f"# {algorithm} in {spec.environment.id}"
    yield ""
    runs = f"{len(plan.seeds)} training seeds" if not plan.one else f"training seed {plan.seeds[0]}"
    yield f"Trained from {plan.recipe.label}: {spec.timesteps:,} environment steps, {runs}."
    if plan.recipe.changed:
        yield f"Changed by hand since the export: {', '.join(plan.recipe.changed)}."
    for line in summary.words:
        yield f"- {line}."


def _figures(plan: TrainingPlan, summary: TrainingSummary, *, film: bool) -> Iterator[str]:
    yield "![Learning curve](curve.svg)"
    yield ""
    yield "| seed | final | best | at step | state | folder |"
    yield "|---|---|---|---|---|---|"
    for one in summary.results:
        final, best = (shown(worth(one, kind, summary.measure), summary.measure) for kind in ("final", "best"))
        step = "-" if one.get("best_step") is None else f"{one['best_step']:,}"
        state = one["state"] + (f", {one['reason']}" if one.get("reason") else "")
        state += "".join(f", resumed at {at:,}" for at in one.get("resumed", []))
        folder = "." if plan.one else f"[seed-{one['seed']}](seed-{one['seed']})"
        yield f"| {one['seed']} | {final} | {best} | {step} | {state} | {folder} |"
    yield ""
    yield (
        f"{summary.measure.capitalize()} over {TEST_GOALS} goals that took part in nothing before. "
        f"`{FINAL}` is the model at the end of training, `{BEST}` that of the highest score on the way, over goals of "
        "their own. "
        "The evaluations on the way are in `curve.csv` and `curve.json`."
    )
    if film:
        yield ""
        yield "[A film of the best model](film.mp4), on further goals."


def _use(plan: TrainingPlan, summary: TrainingSummary) -> Iterator[str]:
    spec = plan.recipe.spec
    where = "" if plan.one else f"seed-{foremost(summary)['seed']}/"
    algorithm = spec.algorithm.upper()
    yield "## Using it"
    yield ""
    yield "```python"
    scaled = is_normalized(plan.recipe.arguments)
    yield from ["import pickle", ""] if scaled else []
    yield f"from stable_baselines3 import {algorithm}"
    yield ""
    yield f'model = {algorithm}.load("{where}{BEST}", device="cpu")'
    if scaled:
        yield f'observation = pickle.load(open("{where}{BEST_STATISTICS}", "rb")).normalize_obs(observation)'
    yield "action, _ = model.predict(observation, deterministic=True)"
    yield "```"
    yield ""
    environment = shlex.quote(spec.environment.id)
    yield f"To film it: `tuner play --model {where}{BEST} --env {environment} -o film.mp4`."
    if spec.environment.kwargs:
        options = json.dumps(spec.environment.kwargs)
        yield f"The environment was made with `{options}`, which `tuner play` takes from a study alone."
    yield "Models and statistics hold pickles: load none of strangers."


def _arguments(plan: TrainingPlan) -> Iterator[str]:
    spec = plan.recipe.spec
    yield "## Hyperparameters"
    yield ""
    yield "| argument | value |"
    yield "|---|---|"
    for name, value in plan.recipe.arguments.items():
        yield f"| {name} | {value} |"
    for name in ("n_envs", "vec_env"):
        yield f"| {name} | {getattr(spec.environment, name)} |"
    yield f"| policy | {spec.policy} |"


def _origin(plan: TrainingPlan, summary: TrainingSummary, command: str) -> Iterator[str]:
    provenance = plan.recipe.provenance
    first: Mapping[str, Any] = summary.results[0]
    yield "## Where it comes from"
    yield ""
    yield f"- Made by `{command}`; tuner {__version__}."
    yield f"- Configuration: {plan.recipe.label}, {_standing(provenance)}."
    if provenance.get("storage"):
        yield f"- Study: {provenance['study']!r} in {provenance['storage']}, meaning {provenance.get('meaning')}."
    goals = "the trial's own, from 4,000,000 on" if plan.own else "from 12,000,000 on"
    yield (
        f"- Seeds: training {', '.join(map(str, plan.seeds))}; goals of the evaluations {goals}; goals of the test "
        f"from 13,000,000 on. Complete in `{WHAT}`."
    )
    yield f"- Versions: {_listed(first.get('versions', {}))}."
    seconds = sum(float(one.get("training_seconds", 0.0)) for one in summary.results)
    yield f"- Hardware: {_listed(first.get('hardware', {}))}; {seconds:,.0f} s of training."


def _standing(provenance: Mapping[str, Any]) -> str:
    found = provenance.get("confirmation")
    if not provenance.get("confirmed") or not isinstance(found, dict):
        return "chosen by one training seed and not confirmed"
    verdicts = "; ".join(found.get("verdicts", []))
    return f"confirmed over {found.get('test_seeds')} seeds" + (f": {verdicts}" if verdicts else "")


def _limits(plan: TrainingPlan, summary: TrainingSummary) -> Iterator[str]:
    count = len(plan.seeds)
    yield "## Limits"
    yield ""
    yield "- Measured in simulation alone, in the environment as it was made here."
    if count == 1:
        yield "- One training seed is one draw: another may end better or worse (`tuner train FILE --seeds 10`)."
    else:
        yield "- The model of the best test is one of many: its figure is too high, the interval over seeds is not."
    yield "- The best model was chosen by its evaluations; only its test says how good it is."
    if any(one.get("resumed") for one in summary.results):
        yield (
            "- A run was cut short and went on from its last checkpoint: model, optimizer, schedules, statistics and "
            "random streams as they were, episodes under way begun anew. It is not to the digit what an unbroken run "
            "gives."
        )
    if plan.recipe.spec.curriculum is not None:
        yield "- Trained through a curriculum; evaluated and tested at the full difficulty."


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "unknown"
