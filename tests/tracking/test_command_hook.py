"""The command of `on_trial_end`: what it gets, and what its failures say."""

import json
from pathlib import Path
from typing import Any

import pytest

from tuner.tracking.trial_listeners import CommandFailed, CommandHook

TRIAL: dict[str, Any] = {"study": "toy", "number": 3, "state": "pruned", "value": None}


def test_it_gets_the_document_and_the_names(tmp_path: Path) -> None:
    script = tmp_path / "a hook.sh"
    script.write_text('#!/bin/sh\necho "$TUNER_STUDY $TUNER_TRIAL $TUNER_STATE $1" > said\ncat > given\n')
    script.chmod(0o755)
    CommandHook("'./a hook.sh' '$HOME; `id`'").on_trial_end(TRIAL)
    assert Path("said").read_text() == "toy 3 pruned $HOME; `id`\n"  # no shell has looked at its words
    assert json.loads(Path("given").read_text()) == TRIAL


def test_a_command_that_reads_nothing_is_as_good() -> None:
    """More than a pipe holds is offered to a command that has closed its input."""
    CommandHook("sh -c 'exec 0<&-; echo $TUNER_TRIAL > ran'").on_trial_end({**TRIAL, "curve": ["x" * 100] * 10_000})
    assert Path("ran").read_text() == "3\n"


def test_another_exit_code_than_0_is_told_with_what_it_wrote() -> None:
    with pytest.raises(CommandFailed, match=r"^exit code 4: no such\s?place$"):
        CommandHook("sh -c 'echo no such >&2; echo place >&2; exit 4'").on_trial_end(TRIAL)


def test_a_program_that_is_gone_is_told() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        CommandHook("./no-such-program").on_trial_end(TRIAL)
