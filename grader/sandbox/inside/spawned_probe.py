"""One probe in a process of its own, for systems that can't fork: import torch, take a submission, run one probe, end.

`grader.sandbox.outside.spawner` starts it ahead of time; `grader.sandbox.outside.spawned` sends the submission and the
call. It shares its process with the student's code and holds no answer.

Why: docs/decisions.md#a-process-for-each-probe
"""

import os
import sys
from pathlib import Path
from typing import Any

import torch

from grader.sandbox.inside.nobody import nobody_answers
from grader.sandbox.inside.notebook_modules import let_complete
from grader.sandbox.inside.preloading import preload_modules
from grader.sandbox.inside.preparing import prepare
from grader.sandbox.inside.probe_process import (
    SHARE,
    all_probes,
    import_needed,
    import_student,
    inputs_of,
    run_probe,
    warm_up,
    write_files,
)
from grader.sandbox.wire import limits as bounds
from grader.sandbox.wire.protocol import BEGINS, frame, note, read_frame, read_note, unpack_files, write_all
from grader.sandbox.wire.tensors import pack_values
from grader.sandbox.wire.unpacking import unpack_values


def main() -> None:
    """Say what could not be imported, wait for a submission and its one call, answer, and leave."""
    calls, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # a student's input() must not read calls
    os.dup2(2, 1)  # nor a print look like a reply
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # type: ignore[union-attr]
    settings = read_note(read_frame(calls))
    problems = preload_modules(settings["preload"])
    torch.set_num_threads(1)
    warm_up(starts_engine=True)
    write_all(replies, note(problems=problems))
    try:
        _answer_one(calls, replies)
    except EOFError:  # nobody needs this process any more
        os._exit(0)


def _answer_one(calls: int, replies: int) -> None:
    settings = read_note(read_frame(calls))
    sources, files = unpack_files(read_frame(calls)), unpack_files(read_frame(calls))
    root, limits = Path(settings["root"]), bounds.Limits(**settings["limits"])
    write_files(files, root=root)
    os.chdir(root)
    prepare(root, settings, import_s=limits.import_s, tell=lambda place: write_all(replies, note(at=list(place))))
    loaded = all_probes(sources)
    ready = {probe.name: [probe.needs, *inputs_of(probe)] for probe in loaded.probes.values()}
    write_all(replies, note(ready=ready, broken=loaded.broken))
    sys.path.append(str(root))
    sys.dont_write_bytecode = True
    call, _devices = unpack_values(read_frame(calls))
    probe = loaded.probes[call["probe"]]
    write_all(2, BEGINS)
    imported: dict[str, dict[str, Any] | None] = {}
    with nobody_answers():
        for name in call["first"]:
            imported[name] = import_student(name, root=root)
        failed = import_needed(probe, imported, root=root)
        write_all(replies, note(imported=True))
        if failed:
            reply = pack_values({"error": failed})
        else:
            let_complete(seconds=SHARE * min(limits.cpu_s, limits.wall_s))
            reply = run_probe(probe, call, root=root, max_bytes=int(limits.reply_mib * bounds.MIB))
    write_all(replies, frame(reply))
    os._exit(0)  # without any exit handlers of the student's
