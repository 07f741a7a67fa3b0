"""A part of a check's points, earned by a measure such as an accuracy: as data and in words.

`grader.grading.crediting` makes it from what a check says; `grader.results.verdict` hangs it on results of checks.
"""

from dataclasses import dataclass

from grader.results.plain_text import number

_ALL = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Credit:
    """Say which part of its points a check earns by a measure, and by which table; beyond 1 is a bonus.

    `table` are pairs of a cut-off of the measure `value` and the part that it earns, from the least part to the most;
    between two of them the part grows evenly, unless it `is_stepped`. `falls` says that less is better, `unit` is
    written behind the measure. `worth` are the check's points in its task. There is no table where students may read
    no more than their points. `parameters` are those of the network, as the check counted them, and `cpu_s` the seconds
    that its probes computed: a leaderboard shows both, and nothing depends on them.
    """

    part: float
    value: float = 0.0
    table: tuple[tuple[float, float], ...] = ()
    is_stepped: bool = False
    falls: bool = False
    unit: str = ""
    worth: float = 0.0
    parameters: int | None = None
    cpu_s: float = 0.0

    @property
    def words(self) -> str:
        """Say what the measure earns, and which cut-off would earn more; "" where students may not read it."""
        if not self.table:
            return ""
        of = f" of {number(self.worth)} points" if self.worth else " of the points"
        earned = f"{self._measure(self.value, exact=True)} earns {self._earned(self.part)}{of}"
        following = next((pair for pair in self.table if pair[1] > self.part + 1e-9), None)
        return f"{earned}{f'; {self._next(*following)}' if following else ''}."

    def _next(self, cutoff: float, part: float) -> str:
        earned = self._earned(part)
        what = f"the bonus, {earned}" if part > 1 and self.part > _ALL else f"all {earned}" if part == 1 else earned
        return f"{self._measure(cutoff)} earns {what}"

    def _earned(self, part: float) -> str:
        if not part:
            return "none"
        return number(part * self.worth) if self.worth else f"{number(100 * part)} %"

    def _measure(self, value: float, *, exact: bool = False) -> str:
        """Return a measure with its unit; an `exact` one has as many digits as tell it from each cut-off."""
        digits = 4
        while exact and digits < 17 and any(_side(float(f"{value:.{digits}g}"), c) != _side(value, c)
                                            for c, _ in self.table):  # fmt: skip
            digits += 1
        return f"{value:.{digits}g} {self.unit}".strip()


def _side(value: float, cutoff: float) -> int:
    """Return on which side of a cut-off a value is: -1, 0 or 1."""
    return (value > cutoff) - (value < cutoff)
