"""Run probes on what a notebook's kernel holds right now: its own names stand for the modules made of the notebook.

`grader.live.checks` opens it in the student's own process and sees to it that the kernel is left as it was. It has no
wall and no limits.
"""

import contextlib
import re
import sys
import time
from collections.abc import Collection, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.errors import CourseError
from grader.probes import Probe, explain_missing_probe, is_probes_file
from grader.sandbox.inside.exception_report import Places
from grader.sandbox.inside.kept_values import keep_values
from grader.sandbox.inside.notebook_modules import NotebookFinder
from grader.sandbox.inside.notebook_names import MissingFromNotebook, find_similar
from grader.sandbox.inside.probe_process import all_probes, import_student, run_probe
from grader.sandbox.inside.student_files import install_student_files, remove_student_files
from grader.sandbox.outside.replies import outcome_of
from grader.sandbox.wire.limits import MIB, Limits
from grader.sandbox.wire.protocol import Ending, ErrorReport, ProbeCall, ProbeOutcome
from grader.sandbox.wire.tensors import pack_values
from grader.sandbox.wire.unpacking import as_sent, unpack_values

_ABSENT = re.compile(
    r"cannot import name '(?P<name>[^']+)' from '(?P<module>[^']+)'"
    r"|module '(?P<owner>[^']+)' has no attribute '(?P<attribute>[^']+)'"
)
_STOPPED = ("KeyboardInterrupt", "BdbQuit")


@dataclass(frozen=True, slots=True)
class LiveKernel:
    """Hold the module with the user's names, how to call the file of a cell, and which modules it stands for.

    `modules` is empty if a package is checked: then the student's files below `root` are imported. `finder` tells
    probes that ask for it which cells there are.
    """

    module: ModuleType
    places: Places
    root: Path
    finder: NotebookFinder | None = None
    modules: Collection[str] = ()

    @property
    def namespace(self) -> MutableMapping[str, Any]:
        """Return the user's names."""
        return vars(self.module)


class LiveSandbox:
    """Run probes here, on the user's own objects."""

    def __init__(self, kernel: LiveKernel, *, probes: Mapping[str, bytes], limits: Limits) -> None:
        self._kernel = kernel
        self._limits = limits
        self._failed: dict[str, Mapping[str, Any]] = {}
        sys.path.insert(0, str(kernel.root))
        install_student_files(kernel.root)
        if kernel.finder is not None:
            sys.meta_path.insert(0, kernel.finder)
        self._before = {name: sys.modules[name] for name in kernel.modules if name in sys.modules}
        sys.modules.update(dict.fromkeys(kernel.modules, kernel.module))
        loaded = all_probes(probes)
        self._probes, self._broken = loaded.probes, loaded.broken

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe; raises KeyboardInterrupt where the user stopped it."""
        if call.probe not in self._probes:
            raise CourseError(explain_missing_probe(call.probe, self._broken))
        started = time.monotonic()
        values, devices = unpack_values(self._reply(call))
        outcome = outcome_of(values, devices, limits=self._limits)
        if outcome.error is not None and outcome.error.type in _STOPPED:
            raise KeyboardInterrupt
        outcome = replace(outcome, wall_s=time.monotonic() - started)
        return self._explained(outcome) if outcome.ending is Ending.RAISED else outcome

    def _reply(self, call: ProbeCall) -> bytes:
        probe = self._probes[call.probe]
        for name in probe.needs:
            report = self._failed.get(name) or import_student(name, root=self._kernel.places)
            if report:
                self._failed[name] = report
                return pack_values({"error": report})
        settings = {"inputs": as_sent(call.inputs), "dtype": call.dtype, "threads": call.threads, "seed": call.seed}
        settings |= {"device": call.device, "watch": list(call.watch), "finish": call.finish}
        with self._forgotten(probe):
            return run_probe(probe, settings, root=self._kernel.places, max_bytes=int(self._limits.reply_mib * MIB))

    @contextlib.contextmanager
    def _forgotten(self, probe: Probe) -> Iterator[None]:
        """Let the next probe find the names of the notebook, its modules and the probe files as this one does.

        Behind a wall each has a fork to itself. The numbers in tensors are restored when all checks are done.
        """
        modules = [vars(sys.modules[name]) for name in probe.needs if name in sys.modules]
        functions = [one.function for one in self._probes.values()]
        files = [one.__globals__ for one in functions if is_probes_file(one.__code__.co_filename)]
        spaces = {id(space): space for space in (self._kernel.namespace, *modules, *files)}.values()
        restore = [one for space in spaces for one in keep_values(space, numbers=False)]
        try:
            yield
        finally:
            for one in restore:
                one()

    def _explained(self, outcome: ProbeOutcome) -> ProbeOutcome:
        """Say what to do about a name that a probe has looked for in the notebook and not found."""
        report = outcome.error
        found = _ABSENT.search(report.message) if report is not None and not report.frames else None
        if found is None or (found["module"] or found["owner"]) not in (
            self._kernel.module.__name__,
            *self._kernel.modules,
        ):
            return outcome
        name = found["name"] or found["attribute"]
        told = f"Your notebook has no `{name}` yet: run the cell that defines it."
        other = find_similar(name, self._kernel.module, methods={})
        if other:
            told += f" `{other}` looks like it: should it be called `{name}`?"
        missing = ErrorReport(
            "MissingFromNotebook", told, (MissingFromNotebook.__name__,), (), "probe", "definition", name
        )
        return replace(outcome, error=missing)

    def forget(self) -> None:
        """Do nothing: students check their own code here, and have no hidden checks."""

    def close(self) -> None:
        """Give the names of the notebook's modules back."""
        if str(self._kernel.root) in sys.path:
            sys.path.remove(str(self._kernel.root))
        remove_student_files()
        if self._kernel.finder in sys.meta_path:
            sys.meta_path.remove(self._kernel.finder)
        for name in self._kernel.modules:
            sys.modules.pop(name, None)
        sys.modules.update(self._before)
