"""Every error that a person can act on. The message is one line or a few: the value, the rule, the way out."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any


class TunerError(Exception):
    """The root; `exit_code` is what the command line returns."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors travel between processes whatever their constructor takes."""
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
    """A study or space file breaks the rules; all faults at once."""

    def __init__(self, source: str, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{source}: {fault}" for fault in self.faults))

    @classmethod
    def together(cls, errors: Sequence["SpecInvalid"]) -> "SpecInvalid":
        """Several files' faults as one error."""
        merged = cls("", [fault for error in errors for fault in error.faults])
        merged.args = ("\n".join(str(error) for error in errors),)
        return merged


class UnknownName(UsageProblem):
    """A name that nothing answers to."""

    def __init__(self, kind: str, name: str, valid: Iterable[str], way_out: str = "") -> None:
        names = sorted(valid)
        message = f"no {kind} called {name!r}{did_you_mean(name, names)}"
        message += f"; there is: {', '.join(names)}" if names else ""
        super().__init__(message + (f" ({way_out})" if way_out else ""))


class EnvironmentUnusable(UsageProblem):
    """The environment cannot be made, or the algorithm cannot learn in it."""


class ModelUnusable(UsageProblem):
    """A model's file cannot be loaded, or does not suit the environment."""


class StorageFailed(TunerError):
    """The database cannot be opened, read or written."""


class ClusterFailed(TunerError):
    """There is no cluster to train on, or it takes nobody in."""


class StudyLocked(TunerError):
    """Another coordinator works on the study."""

    def __init__(self, message: str, holder: str = "") -> None:
        """Takes who holds the lock as well, where that is known."""
        super().__init__(message)
        self.holder = holder

    @classmethod
    def held(cls, what: str, holder: str) -> "StudyLocked":
        """The error for what somebody works on."""
        return cls(f"{what} is being worked on by {holder}; wait for it, or stop it with Ctrl-C there", holder)


class MeaningChanged(TunerError):
    """A stored study of the same name has values of another meaning."""

    def __init__(self, name: str, differences: Iterable[str]) -> None:
        self.differences = tuple(differences)
        super().__init__(
            f"study {name!r} exists and means something else: {'; '.join(self.differences)} "
            "(give the new one its own name with --name, or undo the change)"
        )


class NothingToShow(TunerError):
    """The study holds no trial of the kind asked for."""


class ExportFailed(TunerError):
    """The file could not be written, or does not hold what it should."""


class RecordingFailed(TunerError):
    """No video came about: the coder is missing or gave up."""


class TooManyFailures(TunerError):
    """Trials fail again and again; the run stops rather than burn the night."""


class Cancelled(TunerError):
    """Somebody took the study out of the service's queue while it was worked on."""


class CheckFailed(TunerError):
    """The environment is not worth training in as it is."""


class TrialDiverged(TunerError):
    """Training left the finite numbers; recorded as pruned, so that the sampler learns."""


class EnvironmentFailed(TunerError):
    """The environment raised in reset, step or close; fails the trial, which is tried again."""


class WorkerBroke(TunerError):
    """A fault of our own inside a worker; stops the run, with the worker's trace."""

    exit_code = 3

    def __init__(self, summary: str, trace: str) -> None:
        self.trace = trace
        super().__init__(summary)


def without_passwords(text: str) -> str:
    """A text in which `***` stands for every password of a URL."""
    text = re.sub(r"(\w://[^\s/@:]*):[^\s'\"]+@", r"\1:***@", text)
    return re.sub(r"(?i)([?&](?:ssl)?password=)[^\s&'\"]+", r"\1***", text)


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """A hint at the nearest of `valid`, or nothing."""
    near = difflib.get_close_matches(name, list(valid), n=1)
    return f", did you mean {near[0]!r}?" if near else ""
