"""Run notebooks as students do, each in a shell of its own, and check each task where its cell says so.

Run by test_three_ways.py and test_three_ways_courses.py: the kit's folder is its argument. Notebooks come as JSON,
{name: [[id, source], …]} with the tasks to check, {name: [task, …]}, and their verdicts go as JSON, {name: {check:
verdict}}. A fork of this process has imported torch already, which a kernel does in seconds. Data sets that would be
downloaded are those that the kit's probes put in their place.
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
from grader.grading.opening import read_probes
from grader.live.checks import check_live
from grader.live.in_notebook import _cells
from grader.sandbox.inside.probe_process import all_probes
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

CELL_S = 4.0  # of computing, then whoever sits there interrupts the kernel
WAIT_S = 40.0  # by the clock


def main():
    """Print what the checks say of every notebook."""
    kit = Path(sys.argv[1])
    given = json.load(sys.stdin)
    make_torchvision_importable()
    torch.set_num_threads(1)
    with contextlib.redirect_stdout(io.StringIO()):
        all_probes(read_probes(read_kit(kit)))  # they may put stand-ins in the place of data sets
    told = {name: in_fork(kit, cells, given["tasks"][name]) for name, cells in given["notebooks"].items()}
    print(json.dumps(told))


def in_fork(kit, cells, tasks):
    """Return the verdicts of one notebook, {} where it ended the kernel."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with tempfile.TemporaryDirectory() as folder:
                shutil.copytree(kit, Path(folder, kit.name))
                os.chdir(Path(folder, kit.name))
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    verdicts = run(Path.cwd(), cells, tasks)
            os.write(writing, json.dumps(verdicts).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told or b"{}")


def run(kit, cells, tasks):
    """Run the cells from top to bottom, and check each task at the cell that is its own, else at the end."""
    os.environ.update(IPYTHONDIR=str(kit / ".ipython"), MPLBACKEND="agg")
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    sys.stdin = io.StringIO()
    sys.path.insert(0, "")
    signal.signal(signal.SIGPROF, signal.default_int_handler)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    waiting = {task.name: task.cell for task in read_kit(kit).tasks if task.name in tasks}
    verdicts = {}
    for number, (name, source) in enumerate([*cells, ("", "")]):
        is_end = number == len(cells)
        asked = [task for task, cell in waiting.items() if is_end or (cell and cell in (name, source.lstrip("# ")))]
        run_cell(shell, source)
        for task in asked:
            del waiting[task]
            result = check_live(kit, [task], module=shell.user_module, cells=_cells(shell))
            verdicts |= {one.name: one.verdict for row in result.tasks for one in row.checks}
        if not waiting:
            break
    return verdicts


def run_cell(shell, source):
    """Run a cell as its author does, who interrupts the kernel after some seconds."""
    signal.setitimer(signal.ITIMER_PROF, CELL_S)
    signal.setitimer(signal.ITIMER_REAL, WAIT_S)
    try:
        shell.run_cell(source, store_history=True)
    except KeyboardInterrupt:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


main()
