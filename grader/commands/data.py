"""`grader data`: which data sets are here, where they are looked for, and fetching those that are not.

`grader.datasets.presence` knows them; `grader.datasets.downloads` fetches.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from grader.errors import UsageError


def data(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One data set, such as cifar10.")] = None,
    *,
    download: Annotated[bool, typer.Option("--download", help="Fetch it, if it is not here.")] = False,
) -> None:
    """List the data sets, say where they are looked for, and fetch one with `--download`.

    It goes to the folder $GRADER_DATA where that is set, else to your own folder for data. What was interrupted goes
    on where it stopped. Exit code 1: the one that was named is not here.
    """
    from grader.datasets.presence import DATASETS, check_known, explain_absence

    if name is None and download:
        raise UsageError("`--download` fetches one data set.", remedy=f"Name it: {', '.join(DATASETS)}.")
    if name is not None:
        check_known(name)
    if name is not None and download:
        _fetch(name)
    for one in DATASETS if name is None else (name,):
        _tell_of(one)
    if name is None:
        _tell_of_folders()
    raise typer.Exit(1 if name is not None and explain_absence(name) else 0)


def _fetch(name: str) -> None:
    """Fetch a data set that is not here; read one that is, which raises DatasetError where it isn't sound."""
    from grader.datasets.downloads import download_files
    from grader.datasets.places import data_folders, find_files

    files = find_files(name, None)
    if files is not None:
        from grader.datasets.files import read_files

        read_files(name, files)
        return
    with _progress() as report:
        download_files(name, data_folders(None)[0], report=report)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """Yield a function that draws a bar on stderr for each file, with its name, bytes that are here, and all bytes."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

    from grader.report.terminal import progress_console

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    bars: dict[str, TaskID] = {}
    with Progress(*columns, console=progress_console()) as progress:

        def report(file: str, here: int, total: int | None) -> None:
            bar = bars.get(file)
            if bar is None:
                bar = bars[file] = progress.add_task(file, total=total)
            progress.update(bar, completed=here)

        yield report


def _tell_of(name: str) -> None:
    from grader.datasets.presence import explain_absence, origin_of_data
    from grader.report.terminal import results_console

    absence = explain_absence(name)
    line = f"– {absence}" if absence else f"✓ {name}: {origin_of_data(name)}"
    results_console().print(line, markup=False, soft_wrap=True)


def _tell_of_folders() -> None:
    from grader.datasets.places import DEBIAN_FOLDER, own_folder
    from grader.report.terminal import results_console

    named = os.environ.get("GRADER_DATA")
    folders = [f"$GRADER_DATA ({named or 'not set'})", str(own_folder()), f"{DEBIAN_FOLDER} (Debian's package)"]
    results_console().print(f"Looked for in: {', '.join(folders)}.", markup=False, soft_wrap=True)
