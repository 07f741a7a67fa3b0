"""Measure what grading costs beyond the student's own code, as figures of one run: `make bench`.

The mini course of the tests is graded (LeakyReLU, Linear, MomentumSGD: six checks).
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from processor_time import Cost, cost_of, how

HERE = Path(__file__).resolve()
COURSE = HERE.parents[1] / "tests" / "grader" / "courses" / "mini"
REFERENCE = COURSE / "reference" / "mini"
PROBES = 6

# What one submission's own code costs: the probes, called in one process without any grader.
OWN_CODE = """
import sys, time
sys.path[:0] = [sys.argv[1]]
import torch
torch.set_num_threads(1)
from grader.sandbox.worker import load_probes
from pathlib import Path
probes = load_probes({"probes.py": (Path(sys.argv[2]) / "probes.py").read_bytes()})
x, w, b = torch.randn(7, 5), torch.randn(3, 5), torch.randn(3)
steps = dict(p=torch.randn(4, 3), gradients=[torch.randn(4, 3)] * 4, learn_rate=0.3, momentum=0.7)
calls = [("leaky_relu", dict(x=x, alpha=0.2)), ("leaky_relu_backward", dict(x=x, alpha=0.2, dout=torch.randn(7, 5))),
         ("linear", dict(x=x, w=w, b=b)), ("linear_backward", dict(x=x, w=w, b=b, dout=torch.randn(7, 3))),
         ("momentum_sgd", steps), ("momentum_sgd", steps)]
for _ in range(int(sys.argv[3])):
    for name, inputs in calls:
        probes[name].function(**inputs)
"""


def main() -> None:
    """Run all measurements, print them as a table and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=60, help="submissions of the larger batch")
    parser.add_argument("--out", type=Path, default=None, help="write the figures as JSON here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torchgrade-benchmark-") as folder:
        figures = measure(Path(folder), many=options.many)
    figures["cpu seconds from"] = how()
    for name, value in figures.items():
        print(f"{name:58} {value if isinstance(value, str) else format(value, '10.3f')}")
    if options.out is not None:
        options.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def measure(folder: Path, *, many: int) -> dict[str, float | str]:
    """Return the figures by name: CPU seconds unless the name says otherwise."""
    few = 20
    write_submissions(folder / "few", few)
    write_submissions(folder / "many", many)
    write_submissions(folder / "one", 1)
    cold = cost_of([sys.executable, "-c", "import torch, pytest"])
    own = own_code_s()
    one = grade(folder / "one", jobs=1)
    small = grade(folder / "few", jobs=1)
    large = grade(folder / "many", jobs=1)
    two = grade(folder / "many", jobs=2)
    without_wall = grade(folder / "many", jobs=1, wall="process")
    marginal = (large.cpu_s - small.cpu_s) / (many - few)
    return {
        "cold process: interpreter, torch, pytest": cold.cpu_s,
        "the student's own code, per submission": own,
        "fixed: a run of one submission": one.cpu_s,
        f"batch of {few}: per submission, all told": small.cpu_s / few,
        f"batch of {many}: per submission, all told": large.cpu_s / many,
        "marginal: one more submission": marginal,
        "marginal overhead beyond the student's own code": marginal - own,
        "the same per probe": (marginal - own) / PROBES,
        "marginal without a wall (process)": (without_wall.cpu_s - one.cpu_s) / (many - 1),
        "a cold process each would cost, times": cold.cpu_s / (marginal - own),
        f"two workers on {many}: throughput, times": large.wall_s / two.wall_s,
        "two workers: throughput beyond start-up, times": (large.wall_s - one.wall_s) / (two.wall_s - one.wall_s),
        "submissions per second, one worker": (many - few) / (large.wall_s - small.wall_s),
    }


def write_submissions(folder: Path, count: int) -> None:
    """Write perfect submissions."""
    for number in range(count):
        shutil.copytree(REFERENCE, folder / f"student {number:04}", ignore=shutil.ignore_patterns("__pycache__"))


def grade(submissions: Path, *, jobs: int, wall: str = "bubblewrap") -> Cost:
    """Grade a folder with the command line, store and pages included."""
    with tempfile.TemporaryDirectory() as out:
        command = ["-m", "grader.cli", "grade", "mini", str(submissions), "--course", str(COURSE)]
        return cost_of([sys.executable, *command, "--out", out, "-j", str(jobs), "--wall", wall])


def own_code_s(rounds: int = 200) -> float:
    """Return the seconds that all probes of one submission take in a warm process."""
    arguments = [str(REFERENCE), str(COURSE / "tests" / "assignments" / "mini")]
    base = cost_of([sys.executable, "-c", OWN_CODE, *arguments, "1"])
    more = cost_of([sys.executable, "-c", OWN_CODE, *arguments, str(rounds + 1)])
    return max(0.0, (more.cpu_s - base.cpu_s) / rounds)


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{'wall seconds of this benchmark':58} {time.perf_counter() - started:10.1f}")
