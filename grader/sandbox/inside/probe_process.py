"""Run probes beside the student's code: this module shares its process with strangers and holds no answer.

`grader.sandbox.inside.serving` runs it in forks of a submission's process; the inline sandbox calls it as well.
"""

import contextlib
import importlib
import inspect
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from grader.probes import LoadedProbes, Probe, load_probes
from grader.sandbox.inside import engine_watch, recorder
from grader.sandbox.inside.conditions import conditions_of, on_device
from grader.sandbox.inside.cuda_on_cpu import with_card_played
from grader.sandbox.inside.exception_report import Places, place_in, report_of
from grader.sandbox.inside.execution import execute_notebook
from grader.sandbox.inside.forbidden import names as forbidden_names
from grader.sandbox.inside.forbidden.scan import find_forbidden
from grader.sandbox.inside.notebook_modules import has_used_stale, let_refresh, notebook_probe
from grader.sandbox.inside.notebook_names import bring_missing
from grader.sandbox.inside.notebook_text import joined_python
from grader.sandbox.inside.recorder import record_calls
from grader.sandbox.inside.tampering import remember
from grader.sandbox.inside.written_answers import read_texts
from grader.sandbox.wire.protocol import (
    ANSWERS,
    EXECUTE,
    SCAN,
    UNRECORDED,
)
from grader.sandbox.wire.tensors import pack_values
from grader.sandbox.wire.unpacking import unpack_values

SHARE = 0.8  # of a probe's time that what was stopped at import may take where a name of it is missing


def all_probes(sources: Mapping[str, bytes]) -> LoadedProbes:
    """Execute an assignment's probe files; return their probes and those that every assignment has."""
    own = (
        Probe(SCAN, _scan, ()),
        notebook_probe(),
        Probe(ANSWERS, _read_answers, ()),
        Probe(EXECUTE, execute_notebook, ()),
    )
    loaded = load_probes(sources)
    return replace(loaded, probes=loaded.probes | {probe.name: probe for probe in own})


def _read_answers(
    *, modules: list[str], names: list[list[str]], sources: list[torch.Tensor | None], by_import: bool
) -> dict[str, Any]:
    """Read what a student wrote into the variables `names` of `modules`, whose sources are given as bytes."""
    wanted = dict(zip(modules, names, strict=True))
    files = {module: bytes(data.tolist()) for module, data in zip(modules, sources, strict=True) if data is not None}
    return read_texts(wanted=wanted, files=files, by_import=by_import)


def _scan(*, files: Mapping[str, torch.Tensor], names: list[str], parts: list[str]) -> dict[str, Any]:
    """Find forbidden names in source files, given as bytes; asked for before any student code runs.

    Each use tells to which of the classes and functions `parts` it belongs.
    """
    text = joined_python({path: bytes(data.tolist()) for path, data in files.items()})
    scan = find_forbidden(text.files, names, parts=parts)
    uses = [[*text.place_of(use.file, use.line), use.name, use.spelled, list(use.parts)] for use in scan.uses]
    return {"uses": uses, "unread": [[text.place_of(row.file, 1)[0], row.reason] for row in scan.unread]}


def warm_up(*, starts_engine: bool) -> None:
    """Do once, in the fork server, what every probe would otherwise pay for: lazy imports and first calls of torch.

    Autograd's engine counts the graphics cards when it starts, which starts CUDA: then no fork could use them.
    """
    with contextlib.suppress(ImportError):
        importlib.import_module("numpy.random")
    x = torch.ones(2, 2, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(torch.relu(x @ x.T), torch.tensor([0, 1]))
    if starts_engine:
        torch.autograd.backward(loss)
    call = {"inputs": {"x": x}, "dtype": "float32", "threads": 1, "seed": 0, "device": "cpu", "watch": []}
    call |= {"finish": False}
    trial = Probe("trial", lambda **inputs: inputs, ())
    unpack_values(run_probe(trial, call, root=Path("/nowhere"), max_bytes=1 << 20))
    torch.default_generator.manual_seed(0)


def inputs_of(probe: Probe) -> tuple[list[str], list[str]]:
    """Return the names of the inputs that a probe takes, and of those that it requires."""
    parameters = inspect.signature(probe.function).parameters.values()
    required = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return [p.name for p in parameters], required


def import_student(name: str, *, root: Places) -> dict[str, Any] | None:
    """Import one of the student's modules; return None, or the report of the exception it raised."""
    try:
        with_card_played(lambda: importlib.import_module(name))
    except BaseException as err:
        return report_of(err, root=root, phase="import") | {"module": name}
    return None


def run_probe(probe: Probe, call: Mapping[str, Any], *, root: Places, max_bytes: int) -> bytes:
    """Run one probe and return the packed reply: its outputs, or the report of the exception it raised.

    Both say whether it used a value that is older than the notebook makes it; `call["finish"]` has those made anew.
    Where a function lacks a name that a stopped statement of the notebook sets, that one is run to its end, and the
    probe once more; and so it is where code insists on a card that is not there.
    """
    let_refresh(call["finish"])
    try:
        return with_card_played(lambda: _run_complete(probe, call, root=root, max_bytes=max_bytes))
    except BaseException as err:
        return pack_values({"error": report_of(err, root=root, phase="probe"), "stale": has_used_stale()})


def _run_complete(probe: Probe, call: Mapping[str, Any], *, root: Places, max_bytes: int) -> bytes:
    try:
        return _run_once(probe, call, root=root, max_bytes=max_bytes)
    except NameError as err:
        if not bring_missing(err):
            raise
    return _run_once(probe, call, root=root, max_bytes=max_bytes)


def _run_once(probe: Probe, call: Mapping[str, Any], *, root: Places, max_bytes: int) -> bytes:
    with conditions_of(call), record_calls(call["watch"]) as record:
        inputs = call["inputs"] if call["device"] == "cpu" else on_device(call["inputs"], call["device"])
        outputs = probe.function(**inputs)
    if not isinstance(outputs, dict):
        raise TypeError(f"probe {probe.name} returned {type(outputs).__name__}, not a dict")
    called = [[name, *place_in(root, site.file, site.line), list(site.parts)] for name, site in record.seen.items()]
    if call["watch"] and not _is_watch_intact():
        called.append([UNRECORDED, "", 0, []])
    reply = {"outputs": outputs, "called": called, "stale": has_used_stale()}
    return pack_values(reply, max_bytes=max_bytes, exact=probe.exact)


def write_files(files: Mapping[str, bytes], *, root: Path) -> None:
    """Write a submission's files below a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def import_needed(probe: Probe, imported: dict[str, dict[str, Any] | None], *, root: Path) -> dict[str, Any] | None:
    """Import what a probe needs and is not `imported` yet; return the report of the first that failed, or None."""
    for name in probe.needs:
        if name not in imported:
            imported[name] = import_student(name, root=root)
        report = imported[name]
        if report:
            return report
    return None


_is_watch_intact = remember(recorder, engine_watch, forbidden_names, sys.modules[__name__])
