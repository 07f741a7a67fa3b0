"""No reply earns or saves a point by being odd: all checks of the bundled courses, on anything that crosses the wall.

What a probe returns comes out of the submission's own process. Here each check is answered with values that say
nothing, and with values drawn from all that the wire allows, under whatever names it asks for.
"""

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from grader.courses.course import list_slugs, read_assignment
from grader.grading.check_session import in_session
from grader.grading.grade import run_checks
from grader.grading.session import RecordedAssets, Subject
from grader.results.verdict import CheckResult, Verdict
from grader.sandbox.wire.protocol import Ending, ProbeCall, ProbeOutcome
from grader.sandbox.wire.tensors import Opaque

COURSE = Path(__file__).parents[3]
EMPTY = {"an empty table": {}, "a set": Opaque("set"), "a tensor of NaN": torch.full((2, 3), math.nan)}
DRAWN = 2
DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)


class Answering(dict[str, Any]):
    """Hold an output of every name, made when it is asked for."""

    def __init__(self, make: Callable[[], Any]) -> None:
        super().__init__(first=make())
        self._make = make

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __missing__(self, name: str) -> Any:
        self[name] = self._make()
        return self[name]


class Replying:
    """Be a sandbox whose probes all return what one function makes; None: a sandbox in which every probe dies."""

    def __init__(self, make: Callable[[], Any] | None) -> None:
        self._make = make

    def run(self, _call: ProbeCall) -> ProbeOutcome:
        if self._make is None:
            return ProbeOutcome(Ending.KILLED, detail="ended before it replied")
        return ProbeOutcome(Ending.OK, outputs=Answering(self._make))

    def forget(self) -> None:
        pass

    def close(self) -> None:
        pass


class Independent(Subject):
    """Let every check run, whatever became of those that it comes after."""

    __slots__ = ()

    def failed_before(self, _check: object) -> None:
        return None


def _drawn(rng: random.Random, depth: int = 0) -> Any:
    """Return a value that can cross the wall."""
    plain = (
        None,
        True,
        False,
        0,
        1,
        -1,
        7,
        2**63 - 1,
        -(2**63),
        0.0,
        -0.0,
        1.5,
        1e308,
        math.nan,
        math.inf,
        "",
        "0",
        "ü\n",
    )
    kind = rng.randrange(5 if depth < 3 else 2)
    if kind == 0:
        return rng.choice(plain)
    if kind == 1:
        shape = [rng.choice((0, 1, 2, 3, 5)) for _ in range(rng.randrange(4))]
        return (torch.randn(shape, generator=torch.Generator().manual_seed(rng.randrange(99))) * 9).to(
            rng.choice(DTYPES)
        )
    if kind == 2:
        return [_drawn(rng, depth + 1) for _ in range(rng.randrange(5))]
    if kind == 3:
        names = rng.sample(("x", "y", "loss", "0", "", "weight"), rng.randrange(4))
        return {name: _drawn(rng, depth + 1) for name in names}
    return Opaque(rng.choice(("set", "deque", "ellipsis", "generator")))


def _outcomes(slug: str) -> Iterator[tuple[str, dict[str, CheckResult]]]:
    """Yield what each reply made of the checks of a course that don't train for long, first of all no reply."""
    assignment = read_assignment(COURSE, slug)
    replies: dict[str, Callable[[], Any] | None] = {"no reply": None}
    replies |= {name: (lambda value=value: value) for name, value in EMPTY.items()}
    for seed in range(DRAWN):
        rng = random.Random(seed)
        replies[f"drawn with seed {seed}"] = lambda rng=rng: _drawn(rng)
    found: list[tuple[str, dict[str, CheckResult]]] = []

    def run(session: pytest.Session) -> None:
        expect = RecordedAssets(assignment.assets).expect
        for name, make in replies.items():
            kind = Subject if name in EMPTY else Independent  # some checks rely on those that they come after
            found.append((name, run_checks(session, kind(Replying(make), expect))))

    in_session(assignment, run, tasks=[task.name for task in assignment.tasks if not task.long])
    yield from found


@pytest.mark.parametrize("slug", list_slugs(COURSE))
def test_no_reply_leaves_the_sum_or_earns_by_saying_nothing(slug: str) -> None:
    """Whatever comes back, a check counts exactly where it counts when nothing comes back; empty values never pass.

    In a bonus task a check may be left out: there it neither earns nor costs, and the others keep their shares.
    """
    bonus = {task.name for task in read_assignment(COURSE, slug).tasks if task.bonus}
    (_none, baseline), *rest = _outcomes(slug)
    assert len(baseline) > 10
    assert all(result.verdict is not Verdict.PASSED for result in baseline.values())
    left, earned = [], []
    for reply, results in rest:
        for name, result in results.items():
            differs = result.is_scored != baseline[name].is_scored and reply not in EMPTY
            if (differs and result.task not in bonus) or result.is_unjudged:
                left.append(f"{name} on {reply}: {result.verdict}: {result.feedback.message}")
            if result.verdict is Verdict.PASSED and reply in EMPTY:
                earned.append(f"{name} on {reply}")
    assert left == []
    assert earned == []
