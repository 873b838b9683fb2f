"""Every error that a user can act on. The message gives the value, the rule and what to do."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any


class TunerError(Exception):
    """The base class; `exit_code` is what the command line returns."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Makes errors picklable whatever arguments their constructor takes."""
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(kind: type[TunerError], args: tuple[Any, ...], state: dict[str, Any]) -> TunerError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class UsageProblem(TunerError):
    """The command or a file that it names asks for something impossible."""

    exit_code = 2


class SpecInvalid(UsageProblem):
    """A study or space file is invalid; lists every problem at once."""

    def __init__(self, source: str, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{source}: {fault}" for fault in self.faults))

    @classmethod
    def together(cls, errors: Sequence["SpecInvalid"]) -> "SpecInvalid":
        """Merges the errors of several files into one."""
        merged = cls("", [fault for error in errors for fault in error.faults])
        merged.args = ("\n".join(str(error) for error in errors),)
        return merged


class UnknownName(UsageProblem):
    """No study, trial, space, algorithm or other thing has this name."""

    def __init__(self, kind: str, name: str, valid: Iterable[str], way_out: str = "") -> None:
        names = sorted(valid)
        message = f"no {kind} called {name!r}{did_you_mean(name, names)}"
        message += f"; there is: {', '.join(names)}" if names else ""
        super().__init__(message + (f" ({way_out})" if way_out else ""))


class EnvironmentUnusable(UsageProblem):
    """The environment cannot be made, or the algorithm cannot learn in it."""


class ModelUnusable(UsageProblem):
    """A model file cannot be loaded, or does not match the environment."""


class StorageFailed(TunerError):
    """The database cannot be opened, read or written."""


class ClusterFailed(TunerError):
    """There is no Ray cluster to train on, or it refuses the connection."""


class StudyLocked(TunerError):
    """Another process is running the study."""

    def __init__(self, message: str, holder: str = "") -> None:
        """Stores the lock's holder too, if it is known."""
        super().__init__(message)
        self.holder = holder

    @classmethod
    def held(cls, what: str, holder: str) -> "StudyLocked":
        """The error for a study or folder that another process holds the lock of."""
        return cls(f"{what} is being worked on by {holder}; wait for it, or stop it with Ctrl-C there", holder)


class StudyDiffers(TunerError):
    """The stored study of this name has other settings; its values are not comparable with new ones."""

    def __init__(self, name: str, differences: Iterable[str], *, extendable: bool = False) -> None:
        """Stores the differences; `extendable` says that ranges of the space grew, and nothing else changed."""
        self.differences = tuple(differences)
        of_space = all(one.startswith(("space.", "fixed.")) for one in self.differences)
        ways = ["choose another name with --name"]
        ways += [f"with --name and `--from {name} --all` the new study learns from its trials"] if of_space else []
        ways += ["with --extend this study gets the wider ranges"] if extendable else []
        super().__init__(
            f"study {name!r} already exists with a different configuration: {'; '.join(self.differences)} "
            f"({'; '.join(ways)}; or undo the change)"
        )


class NothingToShow(TunerError):
    """The study has no trial of the requested kind."""


class ExportFailed(TunerError):
    """The file could not be written, or its content is not what was exported."""


class RecordingFailed(TunerError):
    """No video was made: the encoder is missing or failed."""


class TooManyFailures(TunerError):
    """Too many trials failed; the run stops."""


class Cancelled(TunerError):
    """The study was cancelled in the service's queue while it ran."""


class CheckFailed(TunerError):
    """The environment check found a problem that training cannot succeed with."""


class TrialDiverged(TunerError):
    """Training produced NaN or infinity; recorded as pruned, so that the sampler learns from it."""


class EnvironmentFailed(TunerError):
    """The environment raised in reset, step or close; the trial fails and is retried."""


class WorkerBroke(TunerError):
    """An internal error in a worker; stops the run and carries the worker's traceback."""

    exit_code = 3

    def __init__(self, summary: str, trace: str) -> None:
        self.trace = trace
        super().__init__(summary)


def without_passwords(text: str) -> str:
    """The text with every password in a URL replaced by `***`."""
    text = re.sub(r"(\w://[^\s/@:]*):[^\s'\"]+@", r"\1:***@", text)
    return re.sub(r"(?i)([?&](?:ssl)?password=)[^\s&'\"]+", r"\1***", text)


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """`, did you mean NAME?` with the closest valid name; empty if none is close."""
    near = difflib.get_close_matches(name, list(valid), n=1)
    return f", did you mean {near[0]!r}?" if near else ""
