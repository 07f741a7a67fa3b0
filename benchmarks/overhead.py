"""Measure what grading costs beyond the student's own code, as figures of one run: `make bench`.

The mini course of the tests is graded (LeakyReLU, Linear, MomentumSGD: six checks); `scaling.py` grades more of it.
"""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from alternation import in_turn, median_ratio
from figures import Figure
from grading import grade
from processor_time import Cost, cost_of
from synthetic import ASSIGNMENT, REFERENCE, perfect_class, write_class

PROBES = 6

# What one submission's own code costs: the probes, called in one process without any grader.
OWN_CODE = """
import sys, time
sys.path[:0] = [sys.argv[1]]
import torch
torch.set_num_threads(1)
from grader.sandbox.inside.probe_process import load_probes
from pathlib import Path
probes = load_probes({"probes.py": (Path(sys.argv[2]) / "probes.py").read_bytes()}).probes
x, w, b = torch.randn(7, 5), torch.randn(3, 5), torch.randn(3)
steps = dict(p=torch.randn(4, 3), gradients=[torch.randn(4, 3)] * 4, learn_rate=0.3, momentum=0.7)
calls = [("leaky_relu", dict(x=x, alpha=0.2)), ("leaky_relu_backward", dict(x=x, alpha=0.2, dout=torch.randn(7, 5))),
         ("linear", dict(x=x, w=w, b=b)), ("linear_backward", dict(x=x, w=w, b=b, dout=torch.randn(7, 3))),
         ("momentum_sgd", steps), ("momentum_sgd", steps)]
for _ in range(int(sys.argv[3])):
    for name, inputs in calls:
        probes[name].function(**inputs)
"""


def overhead(folder: Path, *, few: int, many: int, rounds: int = 1) -> Iterator[Figure]:
    """Yield the cost of one more submission and of one more probe, from two batches in turn with a cold process."""
    classes = {count: write_class(folder / str(count), perfect_class(count)) for count in (1, few, many)}

    def graded(count: int, *options: str) -> Cost:
        shutil.rmtree(folder / "out", ignore_errors=True)
        return grade(folder / str(count), folder / "out", classes[count], options=options)

    cold_process = [sys.executable, "-c", "import torch, pytest"]
    yield Figure("cold process: interpreter, torch, pytest", cost_of(cold_process).cpu_s, "s CPU")
    own = own_code_s()
    yield Figure("the student's own code, per submission", own, "s CPU")
    works: dict[str, Callable[[], Cost]] = {
        "cold": partial(cost_of, cold_process),
        "one": partial(graded, 1),
        "small": partial(graded, few),
        "large": partial(graded, many),
        "bare": partial(graded, many, "--wall", "process"),
    }
    yield from _figures(in_turn(works, rounds=rounds), few=few, many=many, own=own)


def _figures(given: Mapping[str, Sequence[Cost]], *, few: int, many: int, own: float) -> Iterator[Figure]:
    """Yield what the rounds of all works come to."""
    cpu = {name: [cost.cpu_s for cost in costs] for name, costs in given.items()}
    note = f"median of {len(cpu['one'])}"
    yield Figure("fixed: a run of one submission", median(cpu["one"]), "s CPU", note=note)
    yield Figure("fixed: a run of one, times a cold process", median_ratio(cpu["one"], cpu["cold"]), "")
    yield Figure("per submission, all told", median(cpu["small"]) / few, "s CPU", at=few)
    yield Figure("per submission, all told", median(cpu["large"]) / many, "s CPU", at=many)
    marginal = [(large - small) / (many - few) for small, large in zip(cpu["small"], cpu["large"], strict=True)]
    beyond = [more - own for more in marginal]
    yield Figure("one more submission", median(marginal), "s CPU")
    yield Figure("one more submission, beyond the student's own code", median(beyond), "s CPU")
    yield Figure("the same per probe", median(beyond) / PROBES, "s CPU")
    yield Figure("a cold process each would cost, times", median_ratio(cpu["cold"], beyond), "")
    wall_s = median(large.wall_s - small.wall_s for small, large in zip(given["small"], given["large"], strict=True))
    yield Figure("submissions per second, one process", (many - few) / wall_s, "")
    bare = median((more - one) / (many - 1) for one, more in zip(cpu["one"], cpu["bare"], strict=True))
    yield Figure("one more submission, without a wall (process)", bare, "s CPU")


def own_code_s(rounds: int = 200) -> float:
    """Return the seconds that all probes of one submission take in a warm process."""
    arguments = [str(REFERENCE), str(ASSIGNMENT)]
    base = cost_of([sys.executable, "-c", OWN_CODE, *arguments, "1"])
    more = cost_of([sys.executable, "-c", OWN_CODE, *arguments, str(rounds + 1)])
    return max(0.0, (more.cpu_s - base.cpu_s) / rounds)
