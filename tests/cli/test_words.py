"""The command line has words for whatever a use case tells, and says them on standard error."""

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import write_study
from use_cases import Told

from tuner.app import events, service_events
from tuner.app.resolve import open_study, storage_url
from tuner.app.tune import TuneRequest, announced
from tuner.cli.render.notifier import TerminalNotifier
from tuner.cli.render.words import SENTENCES, words
from tuner.comparison.comparison_records import Contender
from tuner.planning.estimate import Estimate
from tuner.playing.play_episode import PlayedEpisode
from tuner.results.confirmation_arms import make_plan
from tuner.study.queue import Submission
from tuner.study.storage import describe
from tuner.study.stored import SettingChange

RESUME = "Run the same command to resume."
EPISODE = PlayedEpisode(episode=5, seed=8_000_004, steps=7, total_return=1.5, success=True, distance=None, stages=())


def test_every_event_has_its_words() -> None:
    kinds = events.Event.__subclasses__()
    assert kinds
    told = [kind for kind in kinds if (kind in SENTENCES) != (words.dispatch(kind) is not words.dispatch(object))]
    assert told == kinds


def test_they_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    TerminalNotifier().notify(events.Interrupted(what="trial"))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"Stopped. Finished trials are kept. {RESUME}\n")


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (events.EnvironmentLook(), ["Checking the environment …"]),
        (events.SpeedMeasured(on_node=False), ["Measuring the speed of this machine …"]),
        (
            events.BaselineTaken(name="best", origin="best.yml", left=("n_envs", "policy")),
            ["Baseline 'best' from best.yml; ignored: n_envs, policy"],
        ),
        (
            events.BaselineTaken(name="from-toy", origin="trial 3", study="toy"),
            ["Baseline 'from-toy': trial 3 of study 'toy'"],
        ),
        (events.CurvesAnnounced(folder=Path("/c d"), shared=False), ["Curves: tensorboard --logdir '/c d'"]),
        (
            events.SettingsChanged(
                changes=(
                    SettingChange(name="sampler", before="random", now="qmc"),
                    SettingChange(name="pruner", before="median", now="halving"),
                )
            ),
            [
                "Since the last run, sampler was 'random' and is now 'qmc'.",
                "Since the last run, pruner was 'median' and is now 'halving'.",
            ],
        ),
        (
            events.ArithmeticChanged(before="numpy", now="compiled"),
            [
                (
                    "Trials of NumPy so far are now of compiled code, where it covers them: equal up to rounding, in "
                    "other digits."
                )
            ],
        ),
        (
            events.ArithmeticChanged(before="sb3", now="numpy"),
            [
                (
                    "Trials of Stable-Baselines3's code so far are now of NumPy, where it covers them: equal up to "
                    "rounding, in other digits."
                )
            ],
        ),
        (
            events.NothingToRun(what="trial", finished=4, target=4, waiting=("best",)),
            [
                "Nothing to do: the study has 4 finished trials of 4 (more with --trials).",
                "Baseline best has yet to run: --trials 5 or more.",
            ],
        ),
        (
            events.NothingToRun(what="run", finished=17, target=17),
            ["Nothing to do: all 17 runs are in the database (more with --seeds or --top)."],
        ),
        (
            events.RunEstimated(missing=3, workers=1, estimate=Estimate(likely=2.0, unpruned=4.0)),
            ["3 trials on 1 worker: about 2 minutes, 4 minutes if nothing is pruned."],
        ),
        (
            events.TimeOver(what="run", seconds=1.0),
            [f"Time limit reached: another run would take a minute. {RESUME}"],
        ),
        (
            events.StageStartKept(number=2, changed={"learning_rate": 0.001}),
            [
                (
                    "Stage 2 keeps the values it began with, although the stage before has found better ones since "
                    "(learning_rate 0.001); to start over, give another --name."
                )
            ],
        ),
        (
            events.ConfirmationEstimated(missing=21, workers=1, seconds=60.0),
            ["At most 21 runs on 1 worker: about 21 minutes, less if configurations drop out early."],
        ),
        (
            events.ContenderAnnounced(
                contender=Contender(algorithm="ppo", source="baseline current of study 'toy'", params={})
            ),
            ["ppo: baseline current of study 'toy'"],
        ),
        (
            events.ComparisonEstimated(runs=2, workers=1, minutes=0.01),
            ["2 runs of 0.01 minutes, 1 in parallel: 0.02 minutes of training, and the evaluations."],
        ),
        (
            events.VideoFailed(reason="environment 'X-v0' has no render mode"),
            ["No video: environment 'X-v0' has no render mode"],
        ),
        (
            events.PlayAnnounced(environment="X-v0", episodes=5, actor="the expert", output=Path("video.mp4")),
            ["X-v0: 5 episodes of the expert, into video.mp4"],
        ),
        (events.EpisodeEnded(episode=EPISODE, actor=None), ["episode 5: success after 7 steps, return 1.5"]),
        (
            events.EpisodeEnded(episode=replace(EPISODE, success=False), actor="toy · current"),
            ["episode 5, toy · current: no success after 7 steps, return 1.5"],
        ),
        (events.Interrupted(what="run"), [f"Stopped. Finished runs are kept. {RESUME}"]),
        (events.Interrupted(what="checkpoint"), [f"Stopped. The last checkpoint of every run is kept. {RESUME}"]),
        (events.Interrupted(what="comparison"), ["Stopped. Results so far:"]),
        (events.Interrupted(what="comparison", kept=False), ["Stopped before the first run."]),
        (events.Interrupted(what="trial", kept=False), ["Stopped. Nothing was written."]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, events.Event) else "",
)
def test_an_event_is_a_sentence_or_some(event: events.Event, lines: list[str]) -> None:
    assert list(words(event)) == lines


def announcement(study: Path, **request: object) -> list[str]:
    """What is said of a study that is about to run."""
    told = Told()
    announced(TuneRequest(study=str(study), **request), storage_url(None), told)  # type: ignore[arg-type]
    return list(words(told.of(events.StudyAnnounced)[0]))


def test_a_study_is_announced_with_where_it_is_from(finished: Path) -> None:
    database = describe(storage_url(None))
    assert announcement(finished) == [
        f"Study 'toy' ({finished}) in {database}",
        "PPO in tuner_toys:ToyLine-v0, space toy_space.yaml, 384 steps a trial",
    ]
    finished.unlink()
    first, second, left = announcement(Path("toy"), changes={"algorithm": "a2c", "timesteps": 256, "pruner": "none"})
    assert first == f"Study 'toy-a2c' (stored in {database}) in {database}"
    assert second == "A2C in tuner_toys:ToyLine-v0, space a2c_robot, 256 steps a trial"
    assert left == "Baselines current, proposed left out: not for A2C."


def test_a_budget_that_was_rounded_up_and_few_checkpoints_are_said(tmp_path: Path) -> None:
    _, _, *more = announcement(write_study(tmp_path, checkpoints=3), changes={"timesteps": 150})
    assert more == [
        "150 steps were rounded up to 192: whole multiples of the largest rollout",
        (
            "With 3 checkpoints pruning will save little; more --timesteps, or a smaller largest n_steps in the space, "
            "give more of them."
        ),
    ]


def test_a_device_that_workers_share_is_said(tmp_path: Path) -> None:
    lines = announcement(write_study(tmp_path, device="auto"))
    assert lines[2] == "Device auto: workers share the GPU; with --workers 1 a trial has it to itself."


def test_a_confirmation_is_announced_with_who_takes_part(finished: Path) -> None:
    reader = open_study("toy", None)
    plan = make_plan(reader.rows, reader.spec, top=4, test_seeds=3)
    event = events.ConfirmationAnnounced(plan=plan, spec=reader.spec, url=storage_url(None))
    first, *rest = words(event)
    assert first == f"Confirming study 'toy' of {describe(storage_url(None))}, kept as study 'toy-confirm'"
    assert rest == [
        "Configurations: trial 3, trial 2, current, proposed; 384 steps a run",
        "Warning: 3 test seeds cannot confirm a difference; give --seeds 5 or more.",
    ]
    alone = replace(plan, arms=tuple(arm for arm in plan.arms if arm.role is None), test_seeds=5)
    assert list(words(replace(event, plan=alone)))[2:] == [
        "The study has no finished baseline to compare the winner with."
    ]


def test_a_submission_is_followed_to_its_end() -> None:
    one = Submission(study="toy", key="k", at=0.0, trials=5, confirm=False, skip_check=False)
    [began] = words(service_events.SubmissionBegan(submission=one))
    assert began.endswith("study 'toy', to 5 finished trials")
    other = replace(one, version="0.0.1")
    assert "\nIt was submitted by tuner 0.0.1; this service is " in next(
        words(service_events.SubmissionBegan(submission=other))
    )
    ends = {
        "done": "Study 'toy' is done.",
        "failed": "Study 'toy' failed: the gripper fell off",
        "cancelled": "study 'toy' was cancelled; its finished trials are kept.",
    }
    for state, line in ends.items():
        assert list(words(service_events.SubmissionEnded(study="toy", state=state, reason="the gripper fell off"))) == [
            line
        ]
