"""The one Jinja environment of all pages: everything is escaped, and no text gets past `visible`.

`grader.report.html`, `grader.report.notebook_card` and `grader.answers.backend` add what their own templates need.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader.results.plain_text import visible


def page_templates(*folders: Path) -> Environment:
    """Return an environment for the templates in `folders`, which escapes what it prints and knows no undefined name.

    The first folder that has a template counts.
    """
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printed,
    )


def _printed(value: object) -> object:
    """Return what a template prints for `value`, before escaping."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
