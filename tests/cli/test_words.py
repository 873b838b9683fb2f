"""The command line has words for whatever a use case tells."""

from tuner.app import events
from tuner.cli.render.words import SENTENCES, words


def test_every_event_has_its_words() -> None:
    kinds = events.Event.__subclasses__()
    assert kinds
    told = [kind for kind in kinds if (kind in SENTENCES) != (words.dispatch(kind) is not words.dispatch(object))]
    assert told == kinds
