"""Run the benchmarks: `make bench`, or `python benchmarks/run.py`. docs/benchmarks.md says how to read the figures.

A table goes to the terminal, benchmarks.json and benchmarks.png to `.bench/results`. Whatever is interrupted keeps the
figures it came to.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from checkouts import COURSES, checkouts
from checks import checks
from drawing import draw
from figures import Figure, Report, as_lines, as_markdown, read_report, setting
from memory import memory
from overhead import overhead
from processor_time import how
from scaling import cached, cluster, processes, sizes

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / ".bench" / "results"
SECTIONS = ("overhead", "checks", "memory", "processes", "sizes", "cached", "cluster", "checkouts", "peers")
_UNTOLD = ("out", "publish", "only", "against", "course")
_MARKS = ("<!-- figures: begin -->", "<!-- figures: end -->")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; return the exit code: 0, 1 where a section failed, 130 when interrupted."""
    options = _options(arguments)
    if options.publish:
        publish(options.out, ROOT / "docs")
        return 0
    names = tuple(options.only or SECTIONS)
    started = time.perf_counter()
    chosen = {name: value for name, value in vars(options).items() if name not in _UNTOLD}
    report = Report(setting(**{"cpu seconds from": how(), "sections": ", ".join(names), **chosen}))
    code = 0
    try:
        for name in names:
            code = max(code, _run(name, _benchmarks(options)[name], report=report, out=options.out))
        report.finished = code == 0
    except KeyboardInterrupt:
        print("\nInterrupted; the figures so far are kept.", file=sys.stderr)
        code = 130
    report.setting["wall seconds of this run"] = round(time.perf_counter() - started, 1)
    report.write(options.out / "benchmarks.json")
    draw(report, options.out / "benchmarks.png")
    print(f"\nFigures and plot: {options.out}")
    return code


def publish(results: Path, docs: Path) -> None:
    """Copy the figures of a finished run into docs/benchmarks.md, between its marks, and redraw its image."""
    report = read_report(results / "benchmarks.json")
    if not report.finished or report.setting["quick"]:
        raise SystemExit("The last run did not finish or was a quick one. Run `make bench` to its end, then publish.")
    page = docs / "benchmarks.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(_MARKS[0])
    _, mark, after = rest.partition(_MARKS[1])
    if not mark:
        raise SystemExit(f"{page} has lost its marks {_MARKS[0]} and {_MARKS[1]}; put them where the figures belong.")
    image = "![what a submission costs, and how grading scales](images/benchmarks.png)"
    text = f"{before}{_MARKS[0]}\n\n{image}\n\n{as_markdown(report)}\n{_MARKS[1]}{after}"
    (docs / "images").mkdir(exist_ok=True)
    draw(report, docs / "images" / "benchmarks.png")
    page.write_text(text, encoding="utf-8")
    print(f"Written: {page} and {docs / 'images' / 'benchmarks.png'}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smoke run: sizes too small for real figures")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="only this section (may be repeated)")
    parser.add_argument("--most", type=int, default=2000, help="submissions of the largest class")
    parser.add_argument("--peers", type=int, default=20, help="submissions that the other graders grade")
    parser.add_argument("--limit", type=int, default=5, help="seconds that each tool gives an infinite loop")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout, for the section checkouts")
    parser.add_argument("--course", nargs="+", default=COURSES, choices=COURSES, help="the courses they grade")
    parser.add_argument("--rounds", type=int, default=3, help="how often works are done in turn; the median is told")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where figures and plot go")
    parser.add_argument("--publish", action="store_true", help="copy the last run's figures into docs/, run nothing")
    return parser.parse_args(arguments)


def _benchmarks(options: argparse.Namespace) -> dict[str, Callable[[Path], Iterator[Figure]]]:
    """Return each section as a function of a scratch folder."""
    quick, most, rounds = options.quick, options.most, 1 if options.quick else options.rounds
    jobs = (1, 2) if quick else (1, 2, 4)
    counts = [2, 4] if quick else [count for count in (100, 500, 1000, 2000) if count <= most] or [most]
    return {
        "overhead": lambda folder: overhead(
            folder, few=2 if quick else 20, many=4 if quick else min(60, most), rounds=rounds
        ),
        "checks": lambda folder: checks(
            folder, shares=(0.0, 1.0) if quick else (0.0, 0.25, 0.5, 1.0), more=1 if quick else 2, rounds=rounds
        ),
        "memory": lambda folder: memory(folder, count=4 if quick else min(500, most)),
        "processes": lambda folder: processes(folder, count=4 if quick else min(200, most), jobs=jobs, rounds=rounds),
        "sizes": lambda folder: sizes(folder, counts=counts),
        "cached": lambda folder: cached(folder, count=4 if quick else min(100, most)),
        "cluster": lambda folder: cluster(folder, count=4 if quick else min(200, most), jobs=2),
        "checkouts": lambda folder: checkouts(
            folder, against=options.against, rounds=rounds, few=1, many=2 if quick else 5, courses=options.course
        ),
        "peers": lambda folder: _peers(
            folder, count=2 if quick else options.peers, limit_s=options.limit, rounds=rounds
        ),
    }


def _peers(folder: Path, *, count: int, limit_s: int, rounds: int) -> Iterator[Figure]:
    from peers import Classes, peers  # imports torch

    return peers(folder, Classes(count, ours=10 * count, limit_s=limit_s), rounds=rounds)


def _run(name: str, benchmark: Callable[[Path], Iterator[Figure]], *, report: Report, out: Path) -> int:
    """Run a section and keep each figure as it comes; return 1 where it fails, with the reason among the figures."""
    print(f"\n{name}", flush=True)
    figures = report.sections.setdefault(name, [])
    with tempfile.TemporaryDirectory(prefix="torchgrade-benchmark-") as folder:
        try:
            for figure in benchmark(Path(folder)):
                figures.append(figure)
                print(*as_lines([figure]), sep="\n", flush=True)
                report.write(out / "benchmarks.json")
        except Exception as error:  # the other sections are still worth running
            figures.append(Figure("failed", None, "", note=f"{type(error).__name__}: {str(error)[-500:]}"))
            print(f"  failed: {type(error).__name__}: {error}", file=sys.stderr)
            report.write(out / "benchmarks.json")
            return 1
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
