"""Explain why a notebook's module lacks a name: it failed, it was not run, or something similar has another name.

`grader.sandbox.inside.exception_report` asks before it describes an exception.
"""

import difflib
import inspect
import re
import sys
from collections.abc import Collection, Mapping
from types import ModuleType

from grader.sandbox.inside.import_watch import ProcessEnded
from grader.sandbox.inside.notebook_log import Event, Log
from grader.sandbox.inside.notebook_modules import NotebookFinder, installed_notebook, log_of, run_of
from grader.sandbox.inside.seen_elsewhere import seen_elsewhere
from grader.sandbox.inside.statement_time import StatementTooLong
from grader.sandbox.inside.student_files import who_sets

_NO_IMPORT = re.compile(r"cannot import name '([^']+)' from '([^']+)'")
_NO_ATTRIBUTE = re.compile(r"module '([^']+)' has no attribute '([^']+)'")
_CLOSE = 0.75


class MissingFromNotebook(Exception):
    """Say that a notebook doesn't define a name; the message is for the student."""


class TooLongInNotebook(Exception):
    """Say that the statement which defines a name took too long."""


def explain_in_notebook(err: BaseException) -> tuple[BaseException, str]:
    """Return the exception to report in place of this one, and the name that it explains ("" if none)."""
    finder = installed_notebook()
    try:
        if finder is None:
            return _explain_in_file(err)
        return _explain(err, finder)
    except Exception:  # a student's code can have changed anything here; the exception itself is told in any case
        return err, ""


def bring_missing(err: NameError) -> bool:
    """Run what was stopped at import and sets the name that the notebook's code lacks; tell whether it is there now."""
    finder = installed_notebook()
    run = run_of(_module_of(err, finder)) if finder is not None and err.name else None
    return run is not None and finder is not None and run.complete(err.name or "", seconds=finder.complete_s)


def _explain(err: BaseException, finder: NotebookFinder) -> tuple[BaseException, str]:
    module, name = _what_is_missing(err, finder)
    log = log_of(module)
    if log is None:
        return err, ""
    event = log.last_event(name)
    if isinstance(err, NameError):
        return _extend(err, name, log.first_cause(event) if event is not None else None), ""
    if event is not None and event.was_run and not event.was_stopped:
        if isinstance(event.error, StatementTooLong):
            told = f"`{name}` is not there: `cell {event.cell}`, line {event.line}, {event.why} and was stopped."
            return TooLongInNotebook(told), name
        if isinstance(event.error, ProcessEnded):
            return MissingFromNotebook(f"{_tell_event(name, event)}."), name
        return _tell_failure(name, event, log), name
    return MissingFromNotebook(_tell_missing(name, event, sys.modules[module], finder, log)), name


def _explain_in_file(err: BaseException) -> tuple[BaseException, str]:
    """Explain a name that a file of a package lacks since the statement that sets it was stopped or not read."""
    module, name = _what_is_missing(err, None)
    one = who_sets(module, name)
    if one is None:
        return err, ""
    told = f"`{name}` is only set in `{one.file}`, line {one.statement.line}, which {one.fate}: {one.why}"
    if isinstance(err, NameError):
        return NameError(f"{err} ({told})").with_traceback(err.__traceback__), ""
    return MissingFromNotebook(f"{told}."), name


def _what_is_missing(err: BaseException, finder: NotebookFinder | None) -> tuple[str, str]:
    """Return the module and the name that an exception says is missing, ("", "") for any other exception."""
    message = str(err) if type(err) in (ImportError, AttributeError, NameError) else ""
    if found := _NO_IMPORT.search(message):
        return found[2], found[1]
    if found := _NO_ATTRIBUTE.search(message):
        return found[1], found[2]
    if isinstance(err, NameError) and message:
        return _module_of(err, finder), err.name or ""
    return "", ""


def _module_of(err: BaseException, finder: NotebookFinder | None) -> str:
    """Return the module whose code raised an exception, or "" if it was none of the notebook's where there is one."""
    trace = err.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = str(trace.tb_frame.f_globals.get("__name__")) if trace is not None else ""
    return name if finder is None or name in {state.module for state in finder.plan.states} else ""


def _tell_failure(name: str, event: Event, log: Log) -> BaseException:
    """Return the failure of the statement that would have set a name, with what failed first where that is another."""
    first, error = log.first_cause(event), event.error
    if first.is_download:
        needs = f", for it needs {_names_of(first)}:" if first is not event else ":"
        return MissingFromNotebook(
            f"`{name}` is not there{needs} in `cell {first.cell}`, line {first.line}, {first.why}."
        )
    if isinstance(error, NameError):
        return _extend(error, "", first if first is not event else None)
    return error or MissingFromNotebook(name)


def _names_of(event: Event) -> str:
    return " and ".join(f"`{name}`" for name in event.names[:2]) or "what failed"


def _extend(err: NameError, name: str, event: Event | None) -> BaseException:
    """Return a NameError that also says what became of the name, or of what it needs: `event` is the first cause."""
    if event is None or not event.names:
        return err
    told = NameError(f"{err} ({_tell_event(name if name in event.names else event.names[0], event)})")
    return told.with_traceback(err.__traceback__)


def _tell_event(name: str, event: Event) -> str:
    place = f"`cell {event.cell}`, line {event.line}"
    if not event.was_run:
        return f"`{name}` is only set in {place}, which was not run: {event.why}"
    if isinstance(event.error, ProcessEnded):
        return f"`{name}` is only set in {place}, which was left out: {event.why}"
    if event.was_stopped:
        return f"`{name}` is only set in {place}, which was stopped: {event.why}"
    return f"`{name}` is set in {place}, which failed: {event.why}"


def _tell_missing(name: str, event: Event | None, module: ModuleType, finder: NotebookFinder, log: Log) -> str:
    if event is not None:
        return f"{_tell_event(name, event)}."
    seen = seen_elsewhere(name, finder.cells, root=finder.root)
    if seen:
        return f"Your notebook's code has no `{name}`. {seen}"
    told = f"Your notebook has no `{name}`: is it defined, and spelled as the assignment says?"
    other = find_similar(name, module, methods=finder.plan.methods)
    if other:
        told += f" `{other}` (cell {log.defined.get(other, 0)}) looks like it: should it be called `{name}`?"
    return told


def find_similar(name: str, module: ModuleType, *, methods: Mapping[str, Collection[str]]) -> str:
    """Return the notebook's own class or function that is most like what is asked for, or "" if none is.

    `methods` are those of the reference's classes by name. A similar name counts; else the only class that has
    all the methods asked for and is not another one that the assignment knows.
    """
    own = {
        other: thing
        for other, thing in vars(module).items()
        if (inspect.isclass(thing) or inspect.isfunction(thing)) and thing.__module__ == module.__name__
    }
    wanted = set(methods.get(name, ()))
    if name in methods:
        own = {other: thing for other, thing in own.items() if inspect.isclass(thing) and wanted & set(vars(thing))}
    strangers = {other: thing for other, thing in own.items() if other not in methods}
    alike = {other: _likeness(name, other) for other in strangers}
    best = max(alike, key=lambda other: (alike[other], other), default="")
    if best and alike[best] >= _CLOSE:
        return best
    full = [other for other, thing in strangers.items() if wanted and wanted <= set(vars(thing))]
    return full[0] if len(full) == 1 else ""


def _likeness(name: str, other: str) -> float:
    """Return 0 to 1: how alike two names are, 1 where one is a part of the other."""
    one, two = name.casefold().replace("_", ""), other.casefold().replace("_", "")
    short, long = sorted((one, two), key=len)
    return 1.0 if len(short) > 2 and short in long else difflib.SequenceMatcher(None, one, two).ratio()
