"""Run probes in the caller's own process: for breakpoints, and for nobody's code but your own.

`grader.grading.opening` opens it for `grader check --debug`; it has no limits and no wall.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.errors import CourseError
from grader.probes import explain_missing_probe
from grader.sandbox.inside.cuda_on_cpu import watch_for_cuda
from grader.sandbox.inside.notebook_modules import install_notebook, remove_notebook
from grader.sandbox.inside.probe_process import all_probes, import_student, run_probe
from grader.sandbox.inside.student_files import install_student_files, remove_student_files
from grader.sandbox.outside.replies import outcome_of
from grader.sandbox.wire.limits import MIB, Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall, ProbeOutcome
from grader.sandbox.wire.shims import provide, shims_named
from grader.sandbox.wire.tensors import pack_values
from grader.sandbox.wire.unpacking import as_sent, unpack_values


class InlineSandbox:
    """Run one submission's probes here, importing its modules from the folder `root`."""

    def __init__(self, root: Path, *, probes: Mapping[str, bytes], limits: Limits, shims: Sequence[str] = ()) -> None:
        self._root = root.resolve()
        self._limits = limits
        provide(shims_named(shims))
        install_notebook(self._root, import_s=limits.import_s)
        install_student_files(self._root)
        self._forget_cuda = watch_for_cuda()
        loaded = all_probes(probes)
        self._probes, self._broken = loaded.probes, loaded.broken
        self._failed: dict[str, Mapping[str, Any]] = {}
        sys.path.insert(0, str(self._root))

    def run(self, call: ProbeCall) -> ProbeOutcome:
        """Run one probe; its values are turned into bytes and back, as behind a wall."""
        if call.probe not in self._probes:
            raise CourseError(explain_missing_probe(call.probe, self._broken))
        started = time.monotonic()
        reply = self._reply(call)
        values, devices = unpack_values(reply)
        outcome = outcome_of(values, devices, limits=self._limits)
        if outcome.ending is Ending.OK:
            return replace(outcome, wall_s=time.monotonic() - started)
        return outcome

    def _reply(self, call: ProbeCall) -> bytes:
        probe = self._probes[call.probe]
        for name in probe.needs:
            report = self._failed.get(name) or import_student(name, root=self._root)
            if report:
                self._failed[name] = report
                return pack_values({"error": report})
        settings = {"inputs": as_sent(call.inputs), "dtype": call.dtype, "threads": call.threads, "seed": call.seed}
        settings |= {"device": call.device, "watch": list(call.watch), "finish": call.finish}
        return run_probe(probe, settings, root=self._root, max_bytes=int(self._limits.reply_mib * MIB))

    def forget(self) -> None:
        """Do nothing: the process is the caller's own, and so is the code."""

    def close(self) -> None:
        """Make the submission's files importable no more."""
        remove_notebook()
        remove_student_files()
        self._forget_cuda()
        if str(self._root) in sys.path:
            sys.path.remove(str(self._root))
