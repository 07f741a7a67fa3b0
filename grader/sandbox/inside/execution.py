"""Run a whole notebook in a kernel of its own inside the wall: cell by cell, errors kept, time and outputs bounded.

`grader.sandbox.inside.probe_process` runs it as a probe; `grader.grading.notebook_execution` asks for it and makes a
clean notebook of what comes back. The kernel speaks over sockets in the file system, since there is no network, not
even a loopback.
"""

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from grader.notebooks.document import Cell, CellKind
from grader.sandbox.inside.execution_bounds import MAX_IMAGE, MAX_OF_CELL, MAX_OUTPUTS, MAX_TEXT, MAX_TOTAL
from grader.sandbox.inside.notebook_modules import installed_notebook
from grader.sandbox.wire.protocol import PRELOAD_FOLDER

_PLOTTERS = ("matplotlib", "pylab", "seaborn", ".plot", "plt.")
_GRACE_S = 5.0  # for a cell to stop when it is interrupted
_START_S = 60.0
_STARTUP = """\
def _grader_prepare(shell):
    said = "The grader has no network: nothing was installed."

    def say(line="", cell=None):
        print(said)

    def system(command, before=shell.system):
        words = str(command).split()
        if set(words[:4]) & {"pip", "pip3", "conda", "mamba", "apt", "apt-get"}:
            print(said)
        elif words[:1] == ["grader"]:
            print("The grader does not check a notebook while it runs it.")
        else:
            before(command)

    for name in ("pip", "conda", "mamba", "uv"):
        shell.register_magic_function(say, "line", name)
    shell.system = shell.system_piped = shell.system_raw = system


_grader_prepare(get_ipython())
from grader.sandbox.inside.widget_stand_in import offer_widgets
from grader.sandbox.wire.shims import plain_progress_bars

offer_widgets()
plain_progress_bars()
del _grader_prepare, offer_widgets, plain_progress_bars
"""
# Nobody sits at a window: whatever a notebook asks for, or forgets to, its plots are images in the copy.
_PLOTS = """
def _grader_plots(shell):
    import matplotlib
    from matplotlib import pyplot

    shell.run_line_magic("matplotlib", "inline")
    shell.register_magic_function(lambda line="": None, "line", "matplotlib")
    matplotlib.use = pyplot.switch_backend = lambda *_names, **_options: None


_grader_plots(get_ipython())
del _grader_plots
"""
_TORCHVISION = """
from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

make_torchvision_importable()
del make_torchvision_importable
"""
_OPTIONS = ("--HistoryManager.enabled=False", "--IPKernelApp.parent_handle=0", "--InteractiveShell.colors=nocolor")


def execute_notebook(*, cell_s: float, total_s: float) -> dict[str, Any]:
    """Run all code cells of the installed notebook; return what each of them gave, as JSON bytes called `executed`."""
    finder = installed_notebook()
    cells = finder.cells if finder is not None else ()
    logging.disable(logging.CRITICAL)
    rows = [_row(cell) for cell in cells]
    with tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True) as folder:
        _prepare(Path(folder), cells)
        ended = asyncio.run(_run_all(cells, rows, folder=Path(folder), cell_s=cell_s, total_s=total_s))
    content = json.dumps({"cells": rows, "ended": ended}).encode()
    return {"executed": torch.frombuffer(bytearray(content), dtype=torch.uint8)}


def _row(cell: Cell) -> dict[str, Any]:
    return {"cell": cell.number, "state": "not run", "seconds": 0.0, "outputs": []}


def _prepare(folder: Path, cells: Sequence[Cell]) -> None:
    """Give the kernel folders of its own and what is to run before the first cell."""
    text = "\n".join(cell.source for cell in cells if cell.kind is CellKind.CODE)
    has_plots = any(word in text for word in _PLOTTERS) and importlib.util.find_spec("matplotlib") is not None
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    first = _STARTUP + _TORCHVISION * ("torchvision" in text) + _PLOTS * has_plots
    (startup / "00-grader.py").write_text(first, encoding="utf-8")
    for name in [name for name, value in os.environ.items() if value.startswith(PRELOAD_FOLDER)]:
        del os.environ[name]  # a preloaded library wants to write to a folder that is no longer there
    os.environ.update(
        IPYTHONDIR=str(folder / "ipython"),
        JUPYTER_RUNTIME_DIR=str(folder),
        JUPYTER_CONFIG_DIR=str(folder),
        JUPYTER_DATA_DIR=str(folder),
        JPY_PARENT_PID="1",
    )


async def _run_all(
    cells: Sequence[Cell], rows: list[dict[str, Any]], *, folder: Path, cell_s: float, total_s: float
) -> str:
    """Run the cells into their rows and return why the run ended early, or "" if it didn't."""
    import nbformat
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient

    manager = AsyncKernelManager(
        transport="ipc", ip=str(folder / "socket"), connection_file=str(folder / "connection.json")
    )
    notebook = nbformat.from_dict(_tree(cells))
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=max(1, int(cell_s)),
        interrupt_on_timeout=True,
        allow_errors=True,
        store_widget_state=False,
        startup_timeout=int(_START_S),
    )
    client.extra_arguments = list(_OPTIONS)
    meter = _Meter()
    meter.watch(client)
    try:
        async with client.async_setup_kernel():
            deadline = time.monotonic() + total_s
            for number, (cell, row) in enumerate(zip(cells, rows, strict=True)):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return f"the notebook had run for {total_s:g} s"
                if cell.kind is CellKind.CODE and cell.source.strip():
                    await _run_cell(client, number, row, left_s=left_s, cell_s=cell_s)
                    row["outputs"] = meter.bounded(notebook.cells[number].outputs, number=number)
                    notebook.cells[number].outputs = []
                    if row["state"] in ("stuck", "died"):
                        return f"cell {cell.number} could not be interrupted, or ended the kernel"
    except Exception as err:
        return f"the kernel did not work: {type(err).__name__}: {err}"[:500]
    finally:
        with contextlib.suppress(Exception):
            await manager.shutdown_kernel(now=True)
    return ""


def _tree(cells: Sequence[Cell]) -> dict[str, Any]:
    """Return a notebook of code cells; text cells are empty ones, so that numbers stay what they are."""
    sources = [cell.source if cell.kind is CellKind.CODE else "" for cell in cells]
    empty: dict[str, Any] = {"cell_type": "code", "metadata": {}, "execution_count": None}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    tree = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}}
    return tree | {"cells": [empty | {"id": f"c{i}", "outputs": [], "source": text} for i, text in enumerate(sources)]}


async def _run_cell(client: Any, number: int, row: dict[str, Any], *, left_s: float, cell_s: float) -> None:
    """Run one cell and tell in its row how it ended and how long it took."""
    from nbclient.exceptions import DeadKernelError

    started = time.monotonic()
    try:
        await asyncio.wait_for(
            client.async_execute_cell(client.nb.cells[number], number), min(left_s, cell_s + _GRACE_S)
        )
        row["state"] = "ok"
    except TimeoutError:
        row["state"] = "stuck"
    except DeadKernelError:
        row["state"] = "died"
    finally:
        row["seconds"] = round(time.monotonic() - started, 3)
    if row["state"] == "ok" and row["seconds"] >= cell_s:
        row["state"] = "interrupted"


class _Meter:
    """Keep the outputs of a run within bounds, and say where something was left out."""

    def __init__(self) -> None:
        self.left = MAX_TOTAL
        self.of_cell: dict[int, int] = {}

    def watch(self, client: Any) -> None:
        """Drop what a cell prints beyond its share as it comes: a printing loop must not fill the memory."""
        keep = client.output

        def output(outputs: list[Any], message: dict[str, Any], display_id: str | None, cell: int) -> Any:
            content = message["content"]
            left = MAX_OF_CELL - self.of_cell.get(cell, 0)
            self.of_cell[cell] = self.of_cell.get(cell, 0) + len(str(content))
            if left <= 0:
                return None
            if isinstance(content.get("text"), str):
                content["text"] = content["text"][:left]
            return keep(outputs, message, display_id, cell)

        client.output = output

    def bounded(self, outputs: Sequence[Any], *, number: int) -> list[dict[str, Any]]:
        """Return one cell's outputs as plain values: texts, PNG and JPEG images, errors."""
        kept: list[dict[str, Any]] = []
        outputs = _joined(outputs)
        for output in outputs[:MAX_OUTPUTS]:
            plain = self._plain(output)
            size = len(json.dumps(plain))
            if size > self.left:
                break
            self.left -= size
            kept.append(plain)
        if len(kept) < len(outputs) or self.of_cell.get(number, 0) > MAX_OF_CELL:
            text = "… more output was left out …\n"
            kept.append({"output_type": "stream", "name": "stderr", "text": text})
        return kept

    def _plain(self, output: Any) -> dict[str, Any]:
        kind = output.get("output_type")
        if kind == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            return {"output_type": kind, "name": name, "text": _cut(output.get("text"))}
        if kind == "error":
            trace = [_cut(line) for line in output.get("traceback", [])[-30:]]
            told = {"ename": _cut(output.get("ename"))[:200], "evalue": _cut(output.get("evalue"))[:2000]}
            return {"output_type": kind, **told, "traceback": trace}
        data = output.get("data", {})
        kept = {"text/plain": _cut(data.get("text/plain", ""))}
        for image in ("image/png", "image/jpeg"):
            content = data.get(image)
            if isinstance(content, str) and len(content) <= MAX_IMAGE:
                kept[image] = content
        return {"output_type": "display_data", "data": kept}


def _joined(outputs: Sequence[Any]) -> list[Any]:
    """Return the outputs with what was printed in several pieces as one text."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.get("output_type") == "stream" and last.get("name") == output.get("name"):
            last["text"] += output["text"]
        else:
            joined.append(dict(output))
    return joined


def _cut(value: Any) -> str:
    text = "".join(value) if isinstance(value, list) else str(value)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT * 3 // 4]}\n… {len(text) - MAX_TEXT:,} characters left out …\n{text[-MAX_TEXT // 4 :]}"
