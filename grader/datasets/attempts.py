"""Train several times and let the best attempt count: nobody's random numbers may cost points.

Each attempt's predictions are scored by `grader.datasets.accuracy`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from grader.datasets.accuracy import Accuracy, DivergedPredictions

_SIGMAS = 3.0  # of guessing: what lies closer to chance can't be told from it


@dataclass(frozen=True, slots=True)
class Attempts:
    """Hold what each attempt reached, None for one whose training diverged, in the order in which they were made."""

    reached: tuple[Accuracy | None, ...]
    target: float
    chance: float

    @property
    def best(self) -> Accuracy:
        """Return the best accuracy; one without any correct row where every attempt diverged."""
        scored = [accuracy for accuracy in self.reached if accuracy is not None]
        return max(scored, key=lambda accuracy: accuracy.percent, default=Accuracy(0, 0))

    @property
    def succeeded(self) -> bool:
        """Tell whether the best attempt reaches the target."""
        return self.best.percent >= self.target

    def __str__(self) -> str:
        """Tell every attempt in a sentence, and which of them were no better than guessing."""
        told = [self._told(accuracy) for accuracy in self.reached]
        if len(told) == 1:
            return f"One attempt was made: {told[0]}."
        return f"The best of {len(told)} attempts counts; they reached {', '.join(told[:-1])} and {told[-1]}."

    def _told(self, accuracy: Accuracy | None) -> str:
        if accuracy is None:
            return "nothing (it ended with NaN: the training diverged)"
        if self._is_chance(accuracy):
            return f"{accuracy.percent:.1f} % (no better than guessing: it stood still)"
        return f"{accuracy.percent:.1f} %"

    def _is_chance(self, accuracy: Accuracy) -> bool:
        share = self.chance / 100
        deviation = 100 * math.sqrt(share * (1 - share) / accuracy.total) if accuracy.total else 0.0
        return accuracy.percent <= self.chance + _SIGMAS * deviation


def best_of(train: Callable[[int], Accuracy], *, target: float, chance: float, attempts: int = 3) -> Attempts:
    """Call `train(0)`, `train(1)`, … until an accuracy reaches `target`, at most `attempts` times.

    `target` and `chance`, what guessing reaches, are in percent. `train` starts from other random numbers or other
    data each time, the document's own seed among them, and returns `score(…)`. A training that diverged to NaN is one
    attempt that reached nothing. Raises what `train` raises otherwise: that does not depend on luck; and, where every
    attempt diverged, DivergedPredictions.
    """
    reached: list[Accuracy | None] = []
    for attempt in range(attempts):
        try:
            reached.append(train(attempt))
        except DivergedPredictions:
            reached.append(None)
            if attempt == attempts - 1 and not any(reached):
                raise
        made = Attempts(tuple(reached), target=target, chance=chance)
        if made.succeeded:
            break
    return made
