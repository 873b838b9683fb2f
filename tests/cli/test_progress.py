"""What a person sees while trials run."""

import io
import re
import time

import pytest
from conftest import make_job
from rich.console import Console

from tuner.app.bar import Bar, clock
from tuner.app.tallies import TrialsTally
from tuner.cli.render import live_board
from tuner.cli.render.progress import LiveProgress, ProgressLines
from tuner.planning.estimate import Estimate
from tuner.records import Decision, Evaluation, TrialOutcome

GO_ON = Decision(go_on=True)


def evaluation(step: int, success: float) -> Evaluation:
    return Evaluation(
        index=step // 64 - 1,
        step=step,
        score=success + 0.05,
        success=success,
        distance=0.1,
        mean_return=1.0,
        mean_length=8.0,
        timeout_share=1 - success,
        seconds=1.0,
        evaluation_seconds=0.1,
    )


def tally(**changes: object) -> TrialsTally:
    values: dict[str, object] = {
        "target": 4,
        "total_steps": 128,
        "done": 0,
        "forecast": Estimate(likely=2.0, unpruned=4.0),
        "best": None,
    }
    return TrialsTally(**{**values, **changes})  # type: ignore[arg-type]


def test_a_finished_trial_is_a_line_with_everything_that_counts(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ProgressLines(tally())
    lines.started(make_job(number=7))
    for step, success in ((64, 0.2), (128, 0.6)):
        lines.evaluated(7, evaluation(step, success), GO_ON)
    lines.finished(7, TrialOutcome(state="completed", steps=128))
    said = capsys.readouterr().err
    for words in ("trial 7 score 0.450, success 40%", "1/4 done", "best 0.450 (success 40%)", "steps/s", "left"):
        assert words in said


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (TrialOutcome(state="stopped", steps=65), "pruned at 64 steps"),
        (TrialOutcome(state="diverged", reason="a loss is nan"), "pruned at 64 steps (a loss is nan)"),
        (TrialOutcome(state="failed", reason="the worker process died"), "failed (the worker process died)"),
    ],
    ids=["stopped", "diverged", "failed"],
)
def test_other_ends_are_told_apart(outcome: TrialOutcome, words: str) -> None:
    count = tally()
    count.started(make_job())
    count.evaluated(0, evaluation(64, 0.0))
    assert count.finished(0, outcome) == f"trial 0 {words}"
    assert count.done == (outcome.state != "failed")


def test_lines_say_how_far_all_is_and_the_live_display_quotes_a_reason_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = TrialOutcome(state="failed", reason="raised ValueError: a | b")
    live, screen = live_display(monkeypatch)
    for shown in (ProgressLines(tally()), live):
        with shown:
            shown.started(make_job())
            shown.finished(0, odd)
    assert " trial 0 failed (raised ValueError: a | b) | 0/4 done" in capsys.readouterr().err
    assert re.search(r"trial 0 failed \(raised ValueError: a \| b\)\s*\n", screen.getvalue())


def test_the_best_is_that_of_earlier_runs_until_it_is_beaten() -> None:
    count = tally(best=(0.9, 0.85))
    count.started(make_job())
    count.evaluated(0, evaluation(128, 0.3))
    count.finished(0, TrialOutcome(state="completed", steps=128))
    assert count.best_text() == "best 0.900 (success 85%)"


def test_time_left_is_the_forecast_first_and_the_measured_speed_then() -> None:
    count = tally(begun=time.monotonic() - 10)
    assert 100 < count.seconds_left() <= 110
    count.started(make_job())
    count.evaluated(0, evaluation(64, 0.3))  # 64 steps in 10 s; 4 trials of 128 steps, half of them saved
    assert count.seconds_left() == pytest.approx((4 * 64 - 64) / 6.4, rel=0.05)


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (720, "12 min"), (12_240, "3.4 h")], ids=["seconds", "minutes", "hours"]
)
def test_times_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert clock(seconds) == words


def live_display(monkeypatch: pytest.MonkeyPatch) -> tuple[LiveProgress, io.StringIO]:
    screen = io.StringIO()

    def console(**_: object) -> Console:
        return Console(file=screen, force_terminal=True, width=120)

    monkeypatch.setattr(live_board, "VisibleConsole", console)
    return LiveProgress(tally()), screen


def picture(width: int, *bars: Bar, leader: Bar | None = None) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    line = "3/9 done, 2 running, 1 pruned here | best 0.450 (success 40%) | 1,234 steps/s | 2 min left"
    with console.capture() as drawn:
        console.print(live_board.picture(line, [Bar(label="trials", done=3, total=9), *bars], leader, width))
    return drawn.get().splitlines()


RUNNING = Bar(
    label="trial 12",
    done=2.0,
    total=4.0,
    text="6,144 steps, score 0.123",
    curve=(0.0, 0.5, 1.0),
    bounds=(0.0, 1.0),
    detail="lr 0.0003, n_steps 2048, batch_size 64, gamma 0.95",
    likely_pruned=True,
)


@pytest.mark.parametrize(
    ("width", "there", "gone"),
    [
        (60, ("▁▅█", "likely pruned"), ("━━━  ", "lr 0.0003")),
        (80, ("▁▅█", "likely pruned", "lr 0.0003"), ("gamma",)),
        (160, ("▁▅█", "likely pruned", "━━━━━━  ", "gamma 0.95"), ("…",)),
    ],
    ids=["60", "80", "160"],
)
def test_columns_go_where_the_terminal_is_narrow(width: int, there: tuple[str, ...], gone: tuple[str, ...]) -> None:
    leader = Bar(label="leader: current", text="score 0.450, success 40%", curve=(0.1, 0.4), bounds=(0.0, 1.0))
    lines = picture(width, RUNNING, leader=leader)
    assert max(map(len, lines)) <= width
    assert any(line.startswith("leader: current, score 0.450, success 40%  ▂▄") for line in lines)
    row = next(line for line in lines if line.startswith("trial 12 "))
    assert "6,144 steps, score 0.123" in row
    for words in there:
        assert words in row
    for words in gone:
        assert words not in row


def test_a_line_too_long_is_broken_between_its_parts() -> None:
    assert live_board.in_parts("one two | three four | five", 22) == ["one two | three four", "five"]


def test_the_live_display_shows_the_running_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    live, screen = live_display(monkeypatch)
    with live:
        live.started(make_job(number=3))
        live.tick()
        live.evaluated(3, evaluation(64, 0.5), GO_ON)
        live.tick()
        live.finished(3, TrialOutcome(state="stopped", steps=65))
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert any(line.startswith("0/4 done, 1 running") and "left" in line for line in text.splitlines())
    for words in ("trial 3", "starting", "64 steps, score 0.550", "pruned at 64 steps", "1/4 done"):
        assert words in text
