"""Runs `tuner`, `rl_zoo3.train` or a script in this process; of the first two, environment steps are counted.

    python benchmarks/counted.py FILE tuner run …
    python benchmarks/counted.py FILE rl_zoo3 --algo ppo …
    python benchmarks/counted.py FILE script PATH …

FILE gets `{"training": …, "evaluation": …}` as JSON, at the end or on SIGTERM. With the environment variable
`CONFIGURATIONS` (a JSON list of PPO arguments), rl_zoo3's trial number n trains configuration n instead of sampling
one. rl_zoo3's final CSV report, which needs pandas, is skipped.
"""

import json
import os
import runpy
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

COUNTS = {"training": 0, "evaluation": 0}


def run_tuner(arguments: list[str]) -> int:
    """Training steps from the workers' outcomes; evaluation steps as evaluation episodes times their mean length."""
    from tuner.cli.main import call
    from tuner.records import Decision, Evaluation, TrialOutcome
    from tuner.study.search_source import SearchSource

    on_evaluation, on_outcome = SearchSource.on_evaluation, SearchSource.on_outcome

    def evaluated(self: SearchSource, number: int, evaluation: Evaluation) -> Decision:
        goals = self._plan[evaluation.index].goals
        COUNTS["evaluation"] += round(goals * evaluation.mean_length)
        return on_evaluation(self, number, evaluation)

    def ended(self: SearchSource, number: int, outcome: TrialOutcome) -> None:
        COUNTS["training"] += outcome.steps
        on_outcome(self, number, outcome)

    SearchSource.on_evaluation = evaluated  # type: ignore[method-assign]
    SearchSource.on_outcome = ended  # type: ignore[method-assign]
    return call(arguments)


class _NoReport:
    """Replaces the data frame of the study's trials."""

    def to_csv(self, path: str) -> None:
        """Writes nothing."""


def run_zoo(arguments: list[str]) -> int:
    """Counts every step of the vector environments that rl_zoo3 makes, separately for evaluation."""
    import optuna
    from rl_zoo3.exp_manager import ExperimentManager
    from rl_zoo3.hyperparams_opt import HYPERPARAMS_SAMPLER
    from rl_zoo3.train import train

    manager: Any = ExperimentManager
    create_envs = manager.create_envs

    def counted(self: Any, n_envs: int, eval_env: bool = False, no_log: bool = False) -> Any:
        env = create_envs(self, n_envs, eval_env=eval_env, no_log=no_log)
        kind, step_wait = "evaluation" if eval_env else "training", env.step_wait

        def wait() -> Any:
            COUNTS[kind] += env.num_envs
            return step_wait()

        env.step_wait = wait
        return env

    manager.create_envs = counted
    study: Any = optuna.Study
    study.trials_dataframe = lambda _: _NoReport()
    if given := os.environ.get("CONFIGURATIONS"):
        configurations: list[dict[str, Any]] = json.loads(given)
        HYPERPARAMS_SAMPLER["ppo"] = lambda trial, *_: configurations[trial.number % len(configurations)]
    sys.argv = ["rl_zoo3.train", *arguments]
    train()
    return 0


def run_script(arguments: list[str]) -> int:
    """Runs a script as it is; its steps are not counted."""
    sys.argv = arguments
    runpy.run_path(arguments[0], run_name="__main__")
    return 0


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def main() -> int:
    """Runs one of the two; returns its exit code."""
    file, program, *arguments = sys.argv[1:]
    signal.signal(signal.SIGTERM, _leave)
    try:
        return {"tuner": run_tuner, "rl_zoo3": run_zoo, "script": run_script}[program](arguments)
    finally:
        Path(file).write_text(json.dumps(COUNTS), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
