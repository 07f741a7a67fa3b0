"""Hold what a benchmark found: figures, and the report they are collected in, which any interruption leaves whole.

Every benchmark yields `Figure`s; `run.py` collects them in a `Report`, and `drawing.py` plots it.
"""

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """Hold one number: `name` says of what, `at` says at which size (processes, submissions), where there are several.

    `value` is None where something could not be measured; `note` then says why.
    """

    name: str
    value: float | None
    unit: str
    at: int | None = None
    note: str = ""

    def as_text(self) -> str:
        """Return the number with four significant digits and its unit."""
        if self.value is None:
            return "–"
        digits = f"{self.value:,.0f}" if abs(self.value) >= 1000 or self.value == 0 else f"{self.value:.4g}"
        return f"{digits} {self.unit}".strip()


@dataclass
class Report:
    """Hold the figures of one run by section, and what they were measured on."""

    setting: dict[str, Any]
    sections: dict[str, list[Figure]] = field(default_factory=dict)
    finished: bool = False

    def value(self, section: str, name: str) -> float | None:
        """Return a figure's number, None where it is missing."""
        return next((figure.value for figure in self.sections.get(section, []) if figure.name == name), None)

    def points(self, section: str, name: str) -> list[tuple[int, float]]:
        """Return (at, value) of the figures of that name, sorted."""
        found = [figure for figure in self.sections.get(section, []) if figure.name == name]
        return sorted((one.at, one.value) for one in found if one.at is not None and one.value is not None)

    def write(self, path: Path) -> None:
        """Write the report as JSON, so that there is a whole file at every moment."""
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".part")
        scratch.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        scratch.replace(path)


def read_report(path: Path) -> Report:
    """Return the report that was written to `path`."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    sections = {name: [Figure(**figure) for figure in figures] for name, figures in plain["sections"].items()}
    return Report(plain["setting"], sections, finished=plain["finished"])


def setting(**options: object) -> dict[str, Any]:
    """Return what the figures depend on: the machine and its load, the versions, and the given options."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    described = subprocess.run(command, capture_output=True, text=True, check=False)
    return {
        "started": time.strftime("%Y-%m-%d %H:%M"),
        "commit": described.stdout.strip(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load at the start": round(os.getloadavg()[0], 2),
        "memory, GiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version.split()[0],
        "torch": version("torch"),
        **options,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def as_lines(figures: list[Figure]) -> list[str]:
    """Return the figures as the lines of a plain table."""
    lines = []
    for figure in figures:
        name = figure.name if figure.at is None else f"{figure.name}, {figure.at:,}"
        lines.append(f"  {name:66} {figure.as_text():>16}  {figure.note}".rstrip())
    return lines


_OF_THE_MACHINE = ("processor", "system")


def as_markdown(report: Report) -> str:
    """Return all figures as Markdown, a table for each section; which machine it was stays in the JSON."""
    said = "; ".join(f"{name}: {value}" for name, value in report.setting.items() if name not in _OF_THE_MACHINE)
    parts = [f"Measured on: {said}."]
    if not report.finished:
        parts.append("**This run was interrupted; the figures below are those that it came to.**")
    for section, figures in report.sections.items():
        rows = ["| figure | at | value | |", "| --- | ---: | ---: | --- |"]
        for one in figures:
            at = "" if one.at is None else f"{one.at:,}"
            rows.append(f"| {one.name} | {at} | {one.as_text()} | {one.note} |")
        parts.append(f"### {section}\n\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"
