"""Signs of life of a training process: a count that every environment step and every update raises."""

import threading
from collections.abc import Callable
from typing import Any

EVERY = 2.0  # s between two looks at the count


class Life:
    """Counts what a process has done."""

    def __init__(self) -> None:
        self.count = 0
        self._hooked = False

    def sign(self, *_: Any) -> None:
        """One step or update more."""
        self.count += 1

    def watch_optimizers(self) -> None:
        """Counts every step of torch's optimizers from now on."""
        if not self._hooked:
            from torch.optim.optimizer import register_optimizer_step_post_hook

            register_optimizer_step_post_hook(self.sign)
            self._hooked = True


LIFE = Life()  # of this process


class Pulse:
    """Calls a function every few seconds in which the process has done something, while the block runs."""

    def __init__(self, tell: Callable[[], None], every: float = EVERY, life: Life = LIFE) -> None:
        self._tell, self._every, self._life = tell, every, life
        self._ended = threading.Event()

    def __enter__(self) -> "Pulse":
        """Begins."""
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends."""
        self._ended.set()

    def _run(self) -> None:
        seen = self._life.count
        while not self._ended.wait(self._every):
            if (now := self._life.count) != seen:
                seen = now
                try:
                    self._tell()
                except OSError:  # nobody listens any more
                    return
