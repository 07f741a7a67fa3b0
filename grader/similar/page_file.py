"""Write the page of similar submissions into a folder.

`grader.similar.page` computes what it shows; `grader.report.html` links to it from the class page.
"""

from pathlib import Path

from grader.report.html import report_templates
from grader.results.atomic import replace_file
from grader.results.file_names import SIMILAR_PAGE
from grader.similar.page import SimilarPage


def write_similar(folder: Path, page: SimilarPage) -> Path:
    """Write the page of similar submissions, to which the class page links from then on; return its path."""
    path = folder / SIMILAR_PAGE
    replace_file(path, report_templates().get_template("similar.html").render(page=page))
    return path
