"""Plot a report: what a submission costs with each tool and by its checks, scaling, memory, and what is remembered.

`figures.py` holds the report; sections that were not run are left empty and say so.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(report: Report, path: Path) -> None:
    """Write the plot as PNG."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(14, 7), layout="constrained")
    panels: list[tuple[str, Callable[[Axes, Report], bool]]] = [
        ("CPU seconds per submission", _peers),
        ("wall seconds by processes", _processes),
        ("CPU seconds by submissions", _cpu),
        ("CPU seconds by checks", _checks),
        ("CPU left of another checkout's, %", _checkouts),
        ("memory of trusted processes, MiB", _memory),
        ("files, KiB by submissions", _files),
        ("CPU per submission, again", _cached),
    ]
    for axes, (title, panel) in zip(canvas.subplots(2, 4).flat, panels, strict=True):
        axes.set_title(title, fontsize=10)
        axes.tick_params(labelsize=8)
        if not panel(axes, report):
            axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes)
            axes.set_axis_off()
    setting = report.setting
    canvas.suptitle(f"{setting.get('cores')} cores, {setting.get('started')}", fontsize=9)
    canvas.savefig(path, dpi=100)


def _peers(axes: "Axes", report: Report) -> bool:
    suffix = ", perfect: CPU per submission"
    found = [one for one in report.sections.get("peers", []) if one.name.endswith(suffix) and one.value is not None]
    if not found:
        return False
    bars = axes.barh([one.name.removesuffix(suffix) for one in found], [one.value or 0.0 for one in found])
    axes.bar_label(bars, fmt="%.3g s", fontsize=8, padding=2)
    axes.set_xlabel("seconds, logarithmic", fontsize=8)
    axes.set_xscale("log")
    axes.margins(x=0.3)
    return True


def _processes(axes: "Axes", report: Report) -> bool:
    points = report.points("processes", "wall")
    if not points:
        return False
    bars = axes.bar([str(jobs) for jobs, _ in points], [wall_s for _, wall_s in points])
    axes.bar_label(bars, fmt="%.3g s", fontsize=8)
    axes.set_xlabel("processes", fontsize=8)
    return True


def _lines(
    axes: "Axes", report: Report, names: tuple[str, ...], *, section: str = "sizes", along: str = "submissions"
) -> bool:
    lines = {name: points for name in names if (points := report.points(section, name))}
    for name, points in lines.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=name)
    if lines:
        axes.set(xlim=(0, None), ylim=(0, None))
        axes.set_xlabel(along, fontsize=8)
        axes.legend(fontsize=8)
    return bool(lines)


def _cpu(axes: "Axes", report: Report) -> bool:
    return _lines(axes, report, ("CPU",))


def _checks(axes: "Axes", report: Report) -> bool:
    return _lines(axes, report, ("a run of one", "one more submission"), section="checks", along="checks")


def _checkouts(axes: "Axes", report: Report) -> bool:
    axes.tick_params(axis="y", labelsize=6)
    return _bars(axes, report, "checkouts", suffix=", new in percent of old", fmt="%.0f", margin=0.2)


def _bars(axes: "Axes", report: Report, section: str, *, suffix: str, fmt: str, margin: float) -> bool:
    """Draw the figures of a section whose names end alike, one bar each; return whether there are any."""
    found = [one for one in report.sections.get(section, []) if one.name.endswith(suffix)]
    if not found:
        return False
    bars = axes.barh([one.name.removesuffix(suffix) for one in found], [one.value or 0.0 for one in found])
    axes.bar_label(bars, fmt=fmt, fontsize=8, padding=2)
    axes.margins(x=margin)
    return True


def _memory(axes: "Axes", report: Report) -> bool:
    return _lines(axes, report, ("largest, trusted processes", "memory while writing the pages"))


def _files(axes: "Axes", report: Report) -> bool:
    return _lines(axes, report, ("index.html", "grades.csv", "run.sqlite"))


def _cached(axes: "Axes", report: Report) -> bool:
    return _bars(axes, report, "cached", suffix=": per submission", fmt="%.3g s", margin=0.3)
