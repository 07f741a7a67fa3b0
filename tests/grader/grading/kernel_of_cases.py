"""Run notebooks as students do, each in a shell of its own, and check each task where its cell says so.

Run by test_three_ways.py: the kit's folder is its argument; notebooks come as JSON, {name: sources}, and their verdicts
go as JSON, {name: {check: verdict}}. A fork of this process has imported torch already, which a kernel does in seconds.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import torch
from IPython.core.interactiveshell import InteractiveShell

from grader.courses.course import read_kit
from grader.live.checks import check_live
from grader.live.in_notebook import _cells
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

CELL_S = 4.0  # then whoever sits there interrupts the kernel


def main():
    """Print what the checks say of every notebook."""
    kit = Path(sys.argv[1])
    notebooks = json.load(sys.stdin)
    make_torchvision_importable()
    torch.set_num_threads(1)
    print(json.dumps({name: in_fork(kit, sources) for name, sources in notebooks.items()}))


def in_fork(kit, sources):
    """Return the verdicts of one notebook, {} where it ended the kernel."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with tempfile.TemporaryDirectory() as folder:
                shutil.copytree(kit, Path(folder, kit.name))
                os.chdir(Path(folder, kit.name))
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    verdicts = run(Path.cwd(), sources)
            os.write(writing, json.dumps(verdicts).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told or b"{}")


def run(kit, sources):
    """Run the cells from top to bottom; a cell with a task's id in it is where that task is checked."""
    os.environ.update(IPYTHONDIR=str(kit / ".ipython"), MPLBACKEND="agg")
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    sys.stdin = io.StringIO()
    sys.path.insert(0, "")
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    tasks = {task.cell: task.name for task in read_kit(kit).tasks if not task.long}
    verdicts = {}
    for source in sources:
        asked = [task for cell, task in tasks.items() if cell and f"# {cell}" in source]
        signal.setitimer(signal.ITIMER_REAL, CELL_S)
        try:
            shell.run_cell(source, store_history=True)
        except KeyboardInterrupt:
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for task in asked or ():
            result = check_live(kit, [task], module=shell.user_module, cells=_cells(shell))
            verdicts |= {one.name: one.verdict for row in result.tasks for one in row.checks}
    return verdicts


main()
