"""Read the result files of experiments, which students made elsewhere: JSON that nobody has to believe.

`grader.grading.evidence` shows what comes out: a table, curves, which files are missing, and what can't be as a file
says. Nothing here is graded.

Why: docs/decisions.md#evidence-of-runs
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from grader.courses.evidence import RunFiles
from grader.courses.evidence_table import runs_of
from grader.results.plain_text import number, shortened, visible_line
from grader.results.verdict import Curve, Line
from grader.submissions.paths import list_names

_MOST_BYTES = 2 << 20  # of one file
_MOST_EPOCHS = 5_000
_MOST_LINES = 4  # of one drawing
_LARGEST = 1e9
_MOST_NOTES = 40
_TRAIN, _TEST = "train_acc", "test_acc"


@dataclass(frozen=True, slots=True)
class RunsView:
    """Show the files of one experiment: a table as plain text, drawings, and sentences for whoever grades it.

    `missing` names the files that were not handed in, which students may read as well.
    """

    text: str = ""
    curves: tuple[Curve, ...] = ()
    missing: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Run:
    """Hold what one file says, as far as it is what it should be; a value of a curve is None where it is no number."""

    values: Mapping[str, object]
    config: Mapping[str, Any]
    curves: Mapping[str, tuple[float | None, ...]]
    digest: str


def view_runs(runs: RunFiles, files: Mapping[str, bytes]) -> RunsView:
    """Return what the files of an experiment say, each looked for under its path, then under its name alone."""
    found: dict[str, _Run] = {}
    missing: list[str] = []
    notes: list[str] = []
    odd: dict[str, list[str]] = {}
    for path, values in runs_of(runs).items():
        content = _content(path, files)
        if content is None:
            missing.append(PurePosixPath(path).name)
            continue
        run = _read(content, values)
        if isinstance(run, str):
            notes.append(f"`{PurePosixPath(path).name}` can't be read: {run}.")
            continue
        found[path] = run
        for words in _oddities(run, path, runs):
            odd.setdefault(words, []).append(PurePosixPath(path).name)
    notes += [f"{list_names(names, most=8)}: {words}." for words, names in odd.items()]
    notes += list(_copies(found))
    words = f"{len(missing)} of {len(runs_of(runs))} files are missing: {list_names(missing, most=40)}."
    if len(notes) > _MOST_NOTES:
        notes[_MOST_NOTES:] = [f"{len(notes) - _MOST_NOTES} more remarks are left out."]
    return RunsView(_table(found), tuple(_drawings(runs, found)), words if missing else "", tuple(notes))


def _content(path: str, files: Mapping[str, bytes]) -> bytes | None:
    if path in files:
        return files[path]
    name = PurePosixPath(path).name
    same = [content for other, content in files.items() if PurePosixPath(other).name == name]
    return same[0] if len(set(same)) == 1 else None


def _read(content: bytes, values: Mapping[str, object]) -> _Run | str:
    """Return what a file says, or why it can't be read."""
    if len(content) > _MOST_BYTES:
        return f"it has {len(content) / (1 << 20):.1f} MiB, at most {_MOST_BYTES >> 20} are read"
    try:
        tree = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "it is not UTF-8"
    except (ValueError, RecursionError, MemoryError) as err:
        return "it is nested too deeply" if isinstance(err, RecursionError) else "it is no JSON"
    match tree:
        case {"config": dict(config), "results": dict(results)}:
            curves = {key: _curve(results.get(key)) for key in (_TRAIN, _TEST)}
            text = json.dumps(results, sort_keys=True, default=str)
            return _Run(values, config, curves, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())
    return "it does not hold `config` and `results`"


def _curve(value: Any) -> tuple[float | None, ...]:
    return tuple(map(_finite, value[:_MOST_EPOCHS])) if isinstance(value, list) else ()


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and abs(found) < _LARGEST else None


def _oddities(run: _Run, path: str, runs: RunFiles) -> Iterator[str]:
    """Yield what can't be as the file and its name say."""
    for key, wanted in run.values.items():
        if key not in run.config:
            yield f"its configuration does not say `{key}`"
        elif run.config[key] != wanted:
            yield f"its name says {key} = {wanted}, its configuration {_said(run.config[key])}"
    for key, wanted in runs.config.items():
        if run.config.get(key) != wanted:
            yield f"`{key}` is {_said(run.config.get(key))}, and has to be {_said(wanted)}"
    name = run.config.get("run_name")
    if isinstance(name, str) and name and not PurePosixPath(path).name.startswith(name):
        yield f"it was written by a run called {_said(name)}"
    yield from _odd_figures(run)
    for kind, least in runs.images.items():
        used = _images(run.config, kind)
        if used is not None and used < least:
            word = "training" if kind == "train" else "test"
            yield f"an epoch uses {used:,} {word} images, fewer than {least:,}"


def _odd_figures(run: _Run) -> Iterator[str]:
    train, test = run.curves[_TRAIN], run.curves[_TEST]
    if not train or not test:
        yield f"it has no list `{_TRAIN if not train else _TEST}`"
        return
    if len(train) != len(test):
        yield f"it has {len(train)} accuracies in training and {len(test)} in testing"
    epochs = run.config.get("epochs")
    if type(epochs) is int and max(len(train), len(test)) > epochs:
        yield f"it has the figures of {max(len(train), len(test))} epochs, and its configuration allows {epochs}"
    figures = (*train, *test)
    if any(value is None for value in figures):
        yield "some of its accuracies are no finite numbers"
    if any(value is not None and not 0 <= value <= 100 for value in figures):
        yield "some of its accuracies are not between 0 and 100 %"


def _images(config: Mapping[str, Any], kind: str) -> int | None:
    """Return how many images one epoch uses by the configuration, None where it sets no bound."""
    batches, size = config.get("batches"), config.get(f"bs_{kind}")
    return batches * size if type(batches) is int and type(size) is int and 0 < batches * size < 10**9 else None


def _copies(found: Mapping[str, _Run]) -> Iterator[str]:
    """Yield a sentence for files of different configurations that hold the same results."""
    by_digest: dict[str, list[str]] = {}
    for path, run in found.items():
        by_digest.setdefault(run.digest, []).append(PurePosixPath(path).name)
    for names in by_digest.values():
        if len(names) > 1:
            yield f"{list_names(names, most=12)} hold the same results, number for number."


def _table(found: Mapping[str, _Run]) -> str:
    """Return a line for each file, and below it what the configurations have in common."""
    if not found:
        return ""
    head = ("file", "epochs", "last training", "best test", "in epoch", "training images", "test images")
    rows = [head, *(_row(path, run) for path, run in found.items())]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    shared, own = _settings(list(found.values()))
    lines += ["", f"The same in all: {_listed(shared)}"] if shared else []
    for path, run in found.items():
        settings = {key: run.config[key] for key in own if key in run.config}
        lines += [f"{PurePosixPath(path).stem}: {_listed(settings)}"] if settings else []
    return "\n".join(lines)


def _row(path: str, run: _Run) -> tuple[str, ...]:
    train = [value for value in run.curves[_TRAIN] if value is not None]
    test = [(value, at) for at, value in enumerate(run.curves[_TEST], start=1) if value is not None]
    best, at = max(test, key=lambda pair: pair[0], default=(None, 0))
    images = [_images(run.config, kind) for kind in ("train", "test")]
    return (
        PurePosixPath(path).name,
        str(len(run.curves[_TEST])),
        f"{number(train[-1])} %" if train else "–",
        f"{number(best)} %" if best is not None else "–",
        str(at) if at else "–",
        *("all" if count is None else f"{count:,}" for count in images),
    )


def _settings(runs: Sequence[_Run]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings that all runs share, and the names of those that differ, without those of the name."""
    keys = list(dict.fromkeys(key for run in runs for key in list(run.config)[:60]))
    keys = [key for key in keys if key not in runs[0].values and key not in ("run_name", "out_dir", "seed")]
    shared = {key: runs[0].config.get(key) for key in keys if all(_same(run, runs[0], key) for run in runs)}
    return shared, [key for key in keys if key not in shared]


def _same(run: _Run, other: _Run, key: str) -> bool:
    return bool(_said(run.config.get(key)) == _said(other.config.get(key)))


def _listed(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{visible_line(key)[:40]} = {_said(value)}" for key, value in list(settings.items())[:60])


def _said(value: Any) -> str:
    return shortened(visible_line(json.dumps(value, default=str)), 80).replace("\n", " ")


def _drawings(runs: RunFiles, found: Mapping[str, _Run]) -> Iterator[Curve]:
    """Yield accuracies over epochs: a drawing for each choice of all values but the first, whose runs are its lines."""
    first, *others = runs.values
    groups: dict[str, list[_Run]] = {}
    for run in found.values():
        groups.setdefault(", ".join(f"{key} = {run.values[key]}" for key in others), []).append(run)
    for name, members in groups.items():
        for key, words in ((_TRAIN, "Training accuracy"), (_TEST, "Test accuracy")):
            lines = [
                Line(f"{first} = {run.values[first]}", tuple(map(float, range(1, len(values) + 1))), values)
                for run in members[:_MOST_LINES]
                if (values := run.curves[key])
            ]
            if lines:
                yield Curve(f"{words}, {name}" if name else words, tuple(lines), unit="%")
