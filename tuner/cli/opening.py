"""Opens what a reading command reads: a stored study, by its name. Loads nothing that trains."""

import re
from pathlib import Path

from optuna import Study
from sqlalchemy.engine import URL

from tuner.config.load import is_path
from tuner.config.model import StudySpec
from tuner.errors import UsageProblem
from tuner.study.storage import DEFAULT_URL, open_to_read, parse_url, storage_errors
from tuner.study.stored import companion, load_stored, read_history, stored_names


def storage_url(text: str | None) -> URL:
    """The database's URL, the default where none is given."""
    return parse_url(text or DEFAULT_URL)


def study_name(argument: str) -> str:
    """The name under which a study's file or name is stored."""
    return Path(argument).stem if is_path(argument) else argument


def open_study(argument: str, storage: str | None) -> tuple[Study, StudySpec]:
    """A stored study to read from, by its name or by its file's.

    Raises:
        StorageFailed: where there is no database.
        UnknownName: where it holds no such study.
    """
    url = storage_url(storage)
    with storage_errors(url):
        opened = open_to_read(url)
        _refuse_chain(study_name(argument), stored_names(opened))
        study, spec = load_stored(opened, study_name(argument))
        read_history(study)
        return study, spec


def _refuse_chain(name: str, names: list[str]) -> None:
    """Says which studies a study in stages is.

    Raises:
        UsageProblem: naming its stages.
    """
    companions = {companion(one) for one in names}
    chain = re.compile(rf"{re.escape(name)}-\d+(-.+)?")
    stages = [] if name in names else sorted(one for one in names if chain.fullmatch(one) and one not in companions)
    if stages:
        raise UsageProblem(f"study {name!r} was tuned in stages, a study each; name one: {', '.join(stages)}")
