"""Say in words why a statement of a notebook failed: an exception, too long, stopped, or a download.

`grader.sandbox.inside.definitions` notes it with the statement; `grader.sandbox.inside.unwanted` knows what stopped it.
"""

import ast
import inspect
import sys

from grader.sandbox.inside.import_watch import ProcessEnded
from grader.sandbox.inside.statement_time import StatementTooLong
from grader.sandbox.inside.unwanted import asked_a_host, what_stopped

_NO_FILES = ("Error downloading", "Dataset not found")  # torchvision's words where its last try has failed


def is_download(error: BaseException | None) -> bool:
    """Tell whether an error means that something could not be downloaded, which nothing here can."""
    try:
        return error is not None and (asked_a_host(error) or str(error).startswith(_NO_FILES))
    except BaseException:  # a student's own exception may do anything
        return False


def describe_failure(error: BaseException, node: ast.stmt) -> str:
    """Return why a statement failed, as the rest of a sentence or as the exception itself."""
    if isinstance(error, StatementTooLong | ProcessEnded):
        return str(error)
    if what_stopped(error):
        return what_stopped(error)
    if is_download(error):
        return f"{_name_download(node)} failed, for there is no network while this is graded{_name_given()}"
    try:
        return f"`{type(error).__name__}: {error}`"[:300]
    except BaseException:
        return type(error).__name__


def _name_download(node: ast.stmt) -> str:
    """Return what a statement was about to download, where it names a data set of torchvision."""
    words = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    words |= {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    found = sorted(words & set(_data_sets()))
    return f"the download of {' and '.join(f'`{name}`' for name in found)}" if found else "a download"


def _name_given() -> str:
    """Return which data set the assignment has put in torchvision's place, where there is one."""
    given = sorted(name for name, cls in _data_sets().items() if not cls.__module__.startswith("torchvision"))
    return f"; the assignment uses {' and '.join(f'`{name}`' for name in given)}" if given else ""


def _data_sets() -> dict[str, type]:
    module = sys.modules.get("torchvision.datasets")
    found = vars(module) if module is not None else {}
    return {name: thing for name, thing in found.items() if inspect.isclass(thing)}
