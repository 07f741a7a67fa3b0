"""Measure what grading costs beyond the student's own code, as figures of one run: `make bench`.

The mini course of the tests is graded (LeakyReLU, Linear, MomentumSGD: six checks); `scaling.py` grades more of it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from figures import Figure
from grading import grade
from processor_time import cost_of
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


def overhead(folder: Path, *, few: int, many: int) -> Iterator[Figure]:
    """Yield the cost of one more submission and of one more probe, from the difference of two batches."""
    classes = {count: write_class(folder / str(count), perfect_class(count)) for count in (1, few, many)}
    cold = cost_of([sys.executable, "-c", "import torch, pytest"])
    yield Figure("cold process: interpreter, torch, pytest", cold.cpu_s, "s CPU")
    own = own_code_s()
    yield Figure("the student's own code, per submission", own, "s CPU")
    one = grade(folder / "1", folder / "out-1", classes[1])
    yield Figure("fixed: a run of one submission", one.cpu_s, "s CPU")
    small = grade(folder / str(few), folder / "out-few", classes[few])
    large = grade(folder / str(many), folder / "out-many", classes[many])
    yield Figure("per submission, all told", small.cpu_s / few, "s CPU", at=few)
    yield Figure("per submission, all told", large.cpu_s / many, "s CPU", at=many)
    marginal = (large.cpu_s - small.cpu_s) / (many - few)
    yield Figure("one more submission", marginal, "s CPU")
    yield Figure("one more submission, beyond the student's own code", marginal - own, "s CPU")
    yield Figure("the same per probe", (marginal - own) / PROBES, "s CPU")
    yield Figure("a cold process each would cost, times", cold.cpu_s / (marginal - own), "")
    yield Figure("submissions per second, one process", (many - few) / (large.wall_s - small.wall_s), "")
    bare = grade(folder / str(many), folder / "out-bare", classes[many], options=("--wall", "process"))
    yield Figure("one more submission, without a wall (process)", (bare.cpu_s - one.cpu_s) / (many - 1), "s CPU")


def own_code_s(rounds: int = 200) -> float:
    """Return the seconds that all probes of one submission take in a warm process."""
    arguments = [str(REFERENCE), str(ASSIGNMENT)]
    base = cost_of([sys.executable, "-c", OWN_CODE, *arguments, "1"])
    more = cost_of([sys.executable, "-c", OWN_CODE, *arguments, str(rounds + 1)])
    return max(0.0, (more.cpu_s - base.cpu_s) / rounds)
