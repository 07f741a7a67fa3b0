"""Watch the grader's memory over a long batch: it should be flat. Writes figures as JSON and a plot.

`python benchmarks/memory.py --count 500 --out FOLDER`; `benchmarks/overhead.py` measures time.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from overhead import COURSE, write_submissions


def main() -> None:
    """Grade the batch with one worker, sample the resident size of every trusted process, report the growth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--out", type=Path, default=Path())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="torchgrade-benchmark-") as folder:
        write_submissions(Path(folder, "in"), options.count)
        samples = watch(Path(folder), options.count)
    end = samples[-1][0]
    early = max(mib for second, mib in samples if second < end / 3)
    late = max(mib for second, mib in samples if second > end * 2 / 3)
    figures = {"submissions": options.count, "seconds": end, "MiB, first third": early, "MiB, last third": late}
    for name, value in figures.items():
        print(f"{name:16} {value:10.1f}")
    (options.out / "memory.json").write_text(json.dumps({**figures, "samples": samples}) + "\n", encoding="utf-8")
    draw(samples, options.out / "memory.png")


def watch(folder: Path, count: int) -> list[tuple[float, float]]:
    """Return (second, MiB of coordinator and grading process together) while the batch is graded."""
    command = ["-m", "grader.cli", "grade", "mini", str(folder / "in"), "--course", str(COURSE), "-j", "1"]
    started = time.perf_counter()
    samples = []
    with subprocess.Popen(
        [sys.executable, *command, "--out", str(folder / "out")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            samples.append((time.perf_counter() - started, sum(map(resident_mib, trusted_processes(process.pid)))))
            time.sleep(0.25)
    return samples


def trusted_processes(coordinator: int) -> list[int]:
    """Return the coordinator and its grading processes; the sandbox below them is not ours to keep small."""
    lanes = Path(f"/proc/{coordinator}/task").glob("*/children")
    return [coordinator, *(int(pid) for path in lanes for pid in read(path).split())]


def resident_mib(pid: int) -> float:
    """Return a process' resident size, 0 where it has just ended."""
    lines = read(Path(f"/proc/{pid}/status")).splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def read(path: Path) -> str:
    """Return the text of a file in /proc, nothing where the process is gone."""
    try:
        return path.read_text()
    except OSError:
        return ""


def draw(samples: list[tuple[float, float]], path: Path) -> None:
    """Plot the samples."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(*zip(*samples, strict=True))
    axes.set(xlabel="seconds", ylabel="MiB", title="resident memory of the grader", ylim=(0, None))
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
