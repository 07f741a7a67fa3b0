"""Serve a submission's probes: import the student's modules, then answer each call in a fork.

`grader.sandbox.inside.supervisor` calls `serve_probes` inside a submission's walls; `grader.sandbox.outside.host` talks
to it and believes nothing. `grader.sandbox.inside.probe_process` runs the single probe.

Why: docs/decisions.md#one-fork-for-a-task
"""

import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from grader.probes import Probe, is_probes_file
from grader.sandbox.inside import kernel
from grader.sandbox.inside.kept_values import KeptNames
from grader.sandbox.inside.leftovers import Surroundings
from grader.sandbox.inside.memory import resident_mib
from grader.sandbox.inside.nobody import nobody_answers
from grader.sandbox.inside.notebook_modules import forget_states, let_complete
from grader.sandbox.inside.preparing import prepare
from grader.sandbox.inside.probe_process import SHARE, all_probes, import_needed, inputs_of, run_probe, write_files
from grader.sandbox.inside.pulled import PulledWatch, already_imported
from grader.sandbox.inside.waiting import Wait, queued_s
from grader.sandbox.wire import limits as bounds
from grader.sandbox.wire.protocol import (
    frame,
    note,
    read_frame,
    read_note,
    receive_descriptors,
    unpack_files,
    write_all,
)
from grader.sandbox.wire.tensors import pack_values
from grader.sandbox.wire.unpacking import unpack_values


def _nothing() -> None:
    pass


_FULL = 0.3  # of a submission's memory, what the states of a notebook may hold when another one is imported


@dataclass(frozen=True, slots=True)
class _Submission:
    """Hold what a submission's process answers with.

    `imported` tells of each module how its import failed, None where it did not.
    """

    connection: socket.socket
    probes: Mapping[str, Probe]
    root: Path
    limits: bounds.Limits
    imported: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def answer(self, call: Mapping[str, Any], reply: int) -> None:
        """Import what a probe needs, fork, run it there, and tell how the fork ended."""
        is_here = call["device"] == "cpu"  # a student's module may start CUDA, which has to happen in the fork
        probe = self.probes[call["probe"]]
        if is_here:
            self._make_room(probe)
        failed = import_needed(probe, self.imported, root=self.root) if is_here else None
        self.connection.sendall(note(imported=call["id"]))
        _flush()
        if failed:
            write_all(reply, frame(pack_values({"error": failed})))
            os.close(reply)
            self.connection.sendall(note(ended=call["id"], status=0, cpu_s=0.0, peak_kib=0))
            return
        watch = Wait(0.0)
        child = kernel.fork()
        if child == 0:
            _leave_after(lambda: self._run_in_fork(call, reply))
        os.close(reply)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # afterwards nobody could tell how long it had queued
        queued = queued_s(child)
        _pid, status, usage = os.wait4(child, 0)
        cpu_s = usage.ru_utime + usage.ru_stime
        spent = {"cpu_s": cpu_s, "waited_s": watch.waited_s(cpu_s=cpu_s, queued=queued), "peak_kib": usage.ru_maxrss}
        self.connection.sendall(note(ended=call["id"], status=status, **spent))

    def _make_room(self, probe: Probe) -> None:
        """Let go of a notebook's other states where they hold much: each holds the data that its cells have loaded."""
        is_new = any(name not in self.imported for name in probe.needs)
        if is_new and resident_mib("self") > _FULL * self.limits.memory_mib:
            for name in forget_states(but=probe.needs):
                self.imported.pop(name, None)

    def _run_in_fork(self, call: Mapping[str, Any], reply: int) -> None:
        """Run the probe and send its reply; where the call may share its process, answer those that follow as well."""
        with contextlib.suppress(OSError):
            kernel.die_with_parent(signal.SIGKILL)
        if not call["shared"]:
            bounds.apply_to_probe(cpu_s=call["cpu_s"])
            self._run(call, reply)
            return
        surroundings = Surroundings(KeptNames(self.root, self._probe_files()))
        budget = bounds.SharedTime(call["cpu_s"])
        while True:
            budget.begin_probe()
            watch = Wait(queued_s())
            self._run(call, reply, before=surroundings.remember)
            os.close(reply)
            waited_s = watch.waited_s(cpu_s=budget.probe_s(), queued=queued_s())
            stays = budget.has_enough() and surroundings.put_back()
            usage = resource.getrusage(resource.RUSAGE_SELF)
            spent = {"cpu_s": budget.probe_s(), "waited_s": waited_s, "peak_kib": usage.ru_maxrss}
            self.connection.sendall(note(done=call["id"], stays=stays, **spent))
            if not stays:
                return
            payload, descriptors = receive_descriptors(self.connection, 1)
            if not payload:  # what comes next is for another process
                return
            call, reply = _read_call(payload), descriptors[0]
            self.connection.sendall(note(imported=call["id"]))

    def _probe_files(self) -> list[dict[str, Any]]:
        """Return what the files of probes hold, each once."""
        functions = [probe.function for probe in self.probes.values()]
        spaces = [one.__globals__ for one in functions if is_probes_file(one.__code__.co_filename)]
        return list({id(space): space for space in spaces}.values())

    def _run(self, call: Mapping[str, Any], reply: int, *, before: Callable[[], None] = _nothing) -> None:
        """Run a probe and send its reply; what it needs and is not imported yet is imported first.

        `before` is called when that is there and the probe begins.
        """
        let_complete(seconds=SHARE * min(call["cpu_s"], call["wall_s"]))
        probe = self.probes[call["probe"]]
        failed = import_needed(probe, self.imported, root=self.root)
        if failed:
            result = pack_values({"error": failed})
        else:
            before()
            most = int(self.limits.reply_mib * bounds.MIB)
            result = run_probe(probe, call, root=self.root, max_bytes=most)
        _flush()
        write_all(reply, frame(result))


def serve_probes(connection: socket.socket, *, root: Path, limits: bounds.Limits) -> None:
    """Receive the probes and the student's files, then answer calls until the grader hangs up.

    Each probe runs in a fork of this process; those whose calls say so share one with the calls before.
    """
    descriptor = connection.fileno()
    settings = read_note(read_frame(descriptor))
    sources = unpack_files(read_frame(descriptor))
    write_files(unpack_files(read_frame(descriptor)), root=root)
    os.chdir(root)
    prepare(root, settings, import_s=limits.import_s, tell=lambda place: connection.sendall(note(at=list(place))))
    loaded = all_probes(sources)
    ready = {probe.name: [probe.needs, *inputs_of(probe)] for probe in loaded.probes.values()}
    connection.sendall(note(ready=ready, broken=loaded.broken, pulled=already_imported(settings["offered"])))
    sys.meta_path.insert(0, PulledWatch(settings["offered"], connection))
    sys.path.append(str(root))
    sys.dont_write_bytecode = True
    submission = _Submission(connection, loaded.probes, root, limits)
    gc.freeze()
    with contextlib.suppress(EOFError), nobody_answers():
        while True:
            payload, descriptors = receive_descriptors(connection, 1)
            if payload:  # an empty one was for a process that has ended by itself
                submission.answer(_read_call(payload), descriptors[0])


def _read_call(payload: bytes) -> Mapping[str, Any]:
    call, _devices = unpack_values(payload)
    return call


def _leave_after(body: Any) -> NoReturn:
    """Run the body of a fork and leave without running any exit handlers of the student's."""
    status = 1
    try:
        body()
        status = 0
    except EOFError:  # the grader has hung up
        status = 0
    finally:
        os._exit(status)


def _flush() -> None:
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
