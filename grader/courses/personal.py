"""Data of each student's own: the seed from which a check draws it, and the file of a kit that holds it.

`grader.grading.session` draws from it; `grader.export.personal_seeds` finds the student of
each submission.

Why: docs/decisions.md#data-of-ones-own
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from grader.courses.assignment import Assignment
from grader.courses.check_sources import read_check_sources
from grader.errors import CourseError

PERSONAL_FILE = "personal.json"
DRAWS_FOR_EACH = "Draws data for each student"
_FIXTURE = "arg='personal'"  # as ast.dump spells a parameter
_SEED_DIGITS = 32
_DRAW_BYTES = 6


@dataclass(frozen=True, slots=True)
class Personal:
    """Say for whom checks draw data: the student's `seed`, "" for nobody, as on the reference.

    Where `missing` says why it is not known for whom, the checks that draw such data can't run.
    """

    seed: str = ""
    missing: str = ""

    @property
    def identity(self) -> str:
        """Return what tells results for one student from those for another."""
        return f"seed {self.seed}" if self.seed else f"missing {self.missing}" if self.missing else ""


NOBODY = Personal()


def seed_for(assignment: Assignment, who: str) -> str:
    """Return the seed of a student or group; only those who have the course's key can compute it.

    Raises CourseError where the course has no key yet.
    """
    if not assignment.key:
        raise CourseError(
            f"`{assignment.slug}` has no key, from which the students' seeds follow.",
            remedy=f"Run `grader record {assignment.slug}`, which draws one.",
        )
    text = f"{assignment.key} personal {assignment.slug} {who}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_SEED_DIGITS]


def drawn_for(personal: Personal, *, seed: int) -> int:
    """Return the seed of what a check draws for a student; `seed` is that of what it draws for all."""
    text = f"{seed} personal {personal.seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:_DRAW_BYTES])


def draws_for_each(assignment: Assignment) -> bool:
    """Tell whether some check of an assignment, or a fixture of one, asks for data of each student's own."""
    sources = read_check_sources(assignment)
    return any(_FIXTURE in text for text in (*sources.shared.values(), *(check.text for check in sources.checks)))


def personal_file(assignment: Assignment, *, student: str, seed: str) -> bytes:
    """Return the file that makes a kit one student's, or one group's."""
    content = {"assignment": assignment.slug, "student": student, "seed": seed}
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def personal_of_kit(assignment: Assignment) -> Personal:
    """Return for whom a students' kit draws: nobody where it names none, and in the course itself.

    Raises CourseError where the kit's file is damaged.
    """
    file = assignment.folder.parent / PERSONAL_FILE
    if assignment.reference is not None or not file.is_file():
        return NOBODY
    seed = _seed_in(file.read_bytes())
    if not seed:
        raise CourseError(f"{file} can't be read.", remedy="Put it back as it came with the assignment.")
    return Personal(seed)


def told_of_other_kit(files: Mapping[str, bytes], personal: Personal) -> tuple[str, ...]:
    """Say where a submission came with a kit that was made for somebody else, or from another key: a flag."""
    found = _seed_in(files[PERSONAL_FILE]) if PERSONAL_FILE in files else ""
    if not found or not personal.seed or found == personal.seed:
        return ()
    return (
        f"The `{PERSONAL_FILE}` in this submission is not the one that this student gets by the roster: the kit of "
        "somebody else, or one from another roster or key.",
    )


def _seed_in(content: bytes) -> str:
    """Return the seed that a file of a kit holds, "" where it is no such file."""
    try:
        found = json.loads(content)["seed"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""
