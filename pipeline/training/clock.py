"""What the steps of a training take, without its validations and what is written down. It goes into no out."""

import time


class StepClock:
    """CPU seconds of all threads of this process, from the end of one step to the end of the next."""

    def __init__(self) -> None:
        self.steps = 0
        """How many were measured: all but the first of this start, which begins before anybody looks."""
        self.seconds = 0.0
        self._since: float | None = None

    def stop(self) -> None:
        """A step has ended."""
        if self._since is not None:
            self.steps += 1
            self.seconds += time.process_time() - self._since

    def start(self) -> None:
        """The next step begins."""
        self._since = time.process_time()

    def __str__(self) -> str:
        return f"{self.steps} steps took {self.seconds:.3f} s of CPU"
