"""Renders the pages of a results folder: each one file that needs no network and runs no script.

What they show is computed by `grader.report.pages` and `grader.report.class_page`; nothing comes after this.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader.atomic import replace_file
from grader.errors import StoreError
from grader.plain_text import visible
from grader.report.class_page import class_page_of
from grader.report.file_names import notebook_file, scorecard_files
from grader.report.markdown import render_markdown
from grader.report.pages import scorecard_of
from grader.results_file import RunInfo
from grader.verdict import SubmissionResult

_HERE = Path(__file__).parent


def write_pages(folder: Path, run: RunInfo, *, results: Iterable[SubmissionResult]) -> Path:
    """Write the class page and a scorecard per submission into `folder`; return the path of the class page.

    Scorecards of submissions that are no longer among `results` are removed.
    """
    found = sorted(results, key=lambda result: result.submission)
    files = scorecard_files(result.submission for result in found)
    environment = _environment()
    scorecard, class_page = environment.get_template("scorecard.html"), environment.get_template("class.html")
    for result in found:
        notebook = f"notebooks/{notebook_file(result.submission)}"
        executed = notebook if (folder / notebook).is_file() else ""
        text = scorecard.render(page=scorecard_of(result, run=run), is_alone=False, executed=executed)
        replace_file(folder / "scorecards" / files[result.submission], text)
    _remove_others(folder / "scorecards", kept=set(files.values()))
    index = folder / "index.html"
    replace_file(index, class_page.render(page=class_page_of(run, results=found, files=files)))
    return index


def lone_scorecards(run: RunInfo, *, results: Iterable[SubmissionResult]) -> Iterator[str]:
    """Yield the scorecards of `results` as they are sent to someone alone: they link to no class page."""
    scorecard = _environment().get_template("scorecard.html")
    for result in results:
        yield scorecard.render(page=scorecard_of(result, run=run), is_alone=True, executed="")


def code_spans(text: str) -> Markup:
    """Return `text` escaped, with what stands between two backticks as `<code>`."""
    pieces = visible(text).split("`")
    if len(pieces) % 2 == 0:  # the last backtick has no partner: it stays what it is
        pieces[-2:] = [f"{pieces[-2]}`{pieces[-1]}"]
    html = (_code(piece) if i % 2 else Markup.escape(piece) for i, piece in enumerate(pieces))
    return Markup("").join(html)


def _code(piece: str) -> Markup:
    return Markup("<code>{}</code>").format(piece) if piece else Markup("``")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    style = (_HERE / "static" / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals["style"] = Markup(style)  # noqa: S704 - our own file, and it must not be escaped
    environment.globals["style_source"] = f"'sha256-{digest}'"
    environment.filters["code_spans"] = code_spans
    environment.filters["markdown"] = render_markdown
    environment.filters["url_path"] = lambda name: quote(name, errors="replace")
    return environment


def _shown(value: object) -> object:
    """Return what a template prints for `value`, before escaping: no text gets past `visible`."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _remove_others(folder: Path, *, kept: set[str]) -> None:
    try:
        for path in folder.glob("*.html"):
            if path.name not in kept:
                path.unlink()
    except OSError as error:
        raise StoreError(
            f"The old scorecard {error.filename} can't be removed: {error.strerror}.",
            remedy="Fix the folder's permissions, then run `grader report`.",
        ) from error
