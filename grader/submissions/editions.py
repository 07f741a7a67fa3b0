"""Read other handouts of an assignment, and accept their spellings of names.

`grader.submissions.submission` respells what is handed in; `grader.grading.given` compares it with handouts.
"""

import re
from collections.abc import Mapping

from grader.courses.assignment import Assignment, Edition
from grader.courses.globs import is_matched
from grader.submissions.notebook_intake import convert_scripts
from grader.submissions.paths import list_names

_BEFORE = rb"(?:(?<!\w)|(?<=\\n)|(?<=\\t))"  # no letter but that of a line break or a tab, as notebooks write them


def read_edition(edition: Edition, assignment: Assignment) -> dict[str, bytes]:
    """Return the files of a handout, with names spelled as this course spells them."""
    folder = assignment.folder / edition.folder
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".py", ".ipynb")
    }
    return respelled(convert_scripts(files, assignment, is_reference=False), edition.spellings)[0]


def respell(files: Mapping[str, bytes], assignment: Assignment) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return a submission's files with the spellings of all editions made ours, and a note where there were any."""
    spellings = {theirs: ours for edition in assignment.given for theirs, ours in edition.spellings.items()}
    own = {path for path in files if is_matched(path, assignment.handed_in.editable)}
    changed, found = respelled({path: files[path] for path in own}, spellings)
    told = [f"{theirs} as {spellings[theirs]}" for theirs in found]
    note = f"Read {list_names(told)}: an earlier handout spells it so." if told else ""
    return {path: changed.get(path, content) for path, content in files.items()}, ((note,) if note else ())


def respelled(files: Mapping[str, bytes], spellings: Mapping[str, str]) -> tuple[dict[str, bytes], list[str]]:
    """Return files with other names for these, and which were there; where both are, nothing is changed."""
    changed, found = dict(files), []
    for theirs, ours in spellings.items():
        old = re.compile(_BEFORE + theirs.encode() + rb"(?!\w)")
        ours_defined = re.compile(rb"(?:def|class)[ \t]+" + ours.encode() + rb"(?!\w)")
        is_defined = any(ours_defined.search(text) for text in files.values())
        if not is_defined and any(old.search(text) for text in changed.values()):
            found.append(theirs)
            changed = {path: old.sub(ours.encode(), text) for path, text in changed.items()}
    return changed, found
