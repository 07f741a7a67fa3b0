"""Renders the pages of a results folder: each one file that needs no network and runs no script but ours.

What they show is computed by `grader.report.pages` and `grader.report.class_page`; nothing comes after this.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from jinja2 import Environment, Template
from markupsafe import Markup

from grader.errors import StoreError
from grader.report.class_page import class_page_of
from grader.report.evidence_view import has_pictures
from grader.report.markdown import render_markdown
from grader.report.page_budget import PAGE_BUDGETS, PAGE_LIMIT
from grader.report.page_templates import page_templates
from grader.report.pages import scorecard_of
from grader.results.atomic import replace_file
from grader.results.file_names import CHANGES_PAGE, SIMILAR_PAGE, notebook_file, scorecard_files
from grader.results.plain_text import visible
from grader.results.results_file import RunInfo
from grader.results.store import read_pictures
from grader.results.student_view import student_view
from grader.results.verdict import SubmissionResult

_HERE = Path(__file__).parent
_NO_PICTURES: Mapping[str, str] = MappingProxyType({})


def write_pages(folder: Path, run: RunInfo, *, results: Iterable[SubmissionResult]) -> Path:
    """Write the class page and two scorecards per submission into `folder`; return the path of the class page.

    `scorecards/` is for students: hidden checks keep title, verdict and hint there. `instructor/` holds everything.
    Scorecards of submissions that are no longer among `results` are removed.
    """
    found = sorted(results, key=lambda result: result.submission)
    files = scorecard_files(result.submission for result in found)
    environment = report_templates()
    scorecard, class_page = environment.get_template("scorecard.html"), environment.get_template("class.html")
    for result in found:
        notebook = f"notebooks/{notebook_file(result.submission)}"
        executed = notebook if (folder / notebook).is_file() else ""
        pictures = read_pictures(folder, result.submission) if has_pictures(result) else {}
        full = _fitting(scorecard, result, run=run, is_alone=False, executed=executed, pictures=pictures)
        replace_file(folder / "instructor" / files[result.submission], full)
        shown = _fitting(scorecard, student_view(result), run=run, is_alone=True)
        replace_file(folder / "scorecards" / files[result.submission], shown)
    for name in ("scorecards", "instructor"):
        _remove_others(folder / name, kept=set(files.values()))
    index = folder / "index.html"
    page = class_page_of(run, results=found, files=files)
    similar, changes = (name if (folder / name).is_file() else "" for name in (SIMILAR_PAGE, CHANGES_PAGE))
    replace_file(index, class_page.render(page=page, similar=similar, changes=changes))
    return index


def lone_scorecards(run: RunInfo, *, results: Iterable[SubmissionResult]) -> Iterator[str]:
    """Yield the scorecards of `results` as they are sent to students: they link to no class page.

    The caller has taken out what students must not read.
    """
    scorecard = report_templates().get_template("scorecard.html")
    for result in results:
        yield _fitting(scorecard, result, run=run, is_alone=True)


def _fitting(
    scorecard: Template,
    result: SubmissionResult,
    *,
    run: RunInfo,
    is_alone: bool,
    executed: str = "",
    pictures: Mapping[str, str] = _NO_PICTURES,
) -> str:
    """Return a scorecard within the first budget that makes it small enough, or else within the last.

    Pictures stand beside what is bounded: only the instructor's page has them, which nobody sends.
    """
    drawn, text = sum(map(len, pictures.values())), ""
    for budget in PAGE_BUDGETS:
        page = scorecard_of(result, run=run, budget=budget, is_for_student=is_alone, pictures=pictures)
        text = scorecard.render(page=page, is_alone=is_alone, executed=executed)
        if len(text) <= PAGE_LIMIT + drawn and len(text.encode()) <= PAGE_LIMIT + drawn:
            break
    return text


def code_spans(text: str) -> Markup:
    """Return `text` escaped, with what stands between two backticks as `<code>`."""
    pieces = visible(text).split("`")
    if len(pieces) % 2 == 0:  # the last backtick has no partner: it stays what it is
        pieces[-2:] = [f"{pieces[-2]}`{pieces[-1]}"]
    html = (_code(piece) if i % 2 else Markup.escape(piece) for i, piece in enumerate(pieces))
    return Markup("").join(html)


def _code(piece: str) -> Markup:
    return Markup("<code>{}</code>").format(piece) if piece else Markup("``")


def report_templates() -> Environment:
    """Return the templates of the class page, the scorecards and what links to them, with their styles and scripts."""
    environment = page_templates(_HERE / "templates")
    for name in ("style.css", "margins.css", "scorecard.js", "class.js"):
        text = (_HERE / "static" / name).read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        key = name.replace(".", "_")
        environment.globals[key] = Markup(text)  # noqa: S704 - our own file, and it must not be escaped
        environment.globals[f"{key}_source"] = f"'sha256-{digest}'"
    environment.filters["code_spans"] = code_spans
    environment.filters["markdown"] = render_markdown
    environment.filters["url_path"] = lambda name: quote(name, errors="replace")
    return environment


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
