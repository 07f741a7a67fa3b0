"""The file names that an LMS gives to what it packs, read back: whose it is, which attempt, the student's own name.

`grader.submissions.uploads` puts together what one student handed in; `grader.export.matching` finds the student.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.submissions.archives import READABLE_SUFFIXES

_MOODLE = re.compile(r"(?P<student>.+?)_(?P<number>\d+)_assignsubmission_(?P<plugin>[a-z0-9]+)_?(?P<own>.*)", re.DOTALL)
_CANVAS = re.compile(
    r"(?P<student>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)(?:_question_\d+)?_(?P<hand_in>\d+)_(?P<own>.+\..+)", re.DOTALL
)
_CANVAS_UNSUFFIXED = re.compile(_CANVAS.pattern.replace(r".+\..+", ".+"), re.DOTALL)
_CANVAS_TEXT = re.compile(
    r"(?P<student>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)_(?P<own>(?:text|link)\.html?)", re.DOTALL
)
_CANVAS_ANONYMOUS = re.compile(
    r"(?P<student>anon(?:ymous)?)(?P<late>_LATE)?_(?P<number>[0-9A-Za-z]{5})_(?P<hand_in>\d+)_(?P<own>.+\..+)",
    re.DOTALL,
)
_BLACKBOARD = re.compile(
    r"(?P<mark>.+?_(?P<login>[^_]+))_attempt_(?P<date>\d{4}(?:-\d\d){5})(?:_(?P<own>.+)|(?P<note>\.txt))?", re.DOTALL
)
_BRIGHTSPACE = re.compile(
    r"(?P<number>\d+)-(?P<hand_in>\d+) ?- ?(?P<student>.+?) ?- ?"
    r"(?P<date>[^-]*\b\d{4}\W{1,2}\d{1,2}[:. ]?\d{2}(?: ?[APap]\.?[Mm]\.?)?)(?: ?- ?(?P<own>.+))?",
    re.DOTALL,
)
_SAKAI = re.compile(r"(?P<student>[^()]+)\((?P<login>[^()]+)\)", re.DOTALL)
_ILIAS = re.compile(r"(?P<last>[^_]+)_(?P<first>[^_]+)_(?P<login>.+)_(?P<number>\d+)", re.DOTALL)
_DATES = ("%b %d %Y %I%M %p", "%B %d %Y %I%M %p", "%d %b %Y %I%M %p", "%d %B %Y %I%M %p", "%d %B %Y %H%M")
_GRADESCOPE = re.compile(r"submission_\d+")
_GENERIC = re.compile(
    r"(hw|homework|assignment|assign|asgn|ex|exercise|lab|project|submission|code|src|solution|final|notebook)"
    r"s?([\s_.-]*(v|ver|version|final|new|copy|fixed|files?|submission|\(?\d+\)?))*",
    re.IGNORECASE,
)
_VERSION = re.compile(
    r"old|new|final|backup|bak|copy|version|draft|original|orig|latest|last|previous|older|newer|first|second|attempt"
    r"|working|fixed|updated|resubmission|kit|template|starter|skeleton|handout|mine|main|master|done|edited|submitted"
)
_BESIDE_VERSION = re.compile(
    r"a|the|my|mine|of|hw|homework|assignment|submission|work|code|lab|ex|(v|ver|hw|ex|lab)?\d+"
)
_COPY_MARK = re.compile(r"( ?\(\d+\)|-\d+| ?- ?copy( ?\(\d+\))?|[ _]copy( ?\d+)?)(?=(\.[^.]+)?$)", re.IGNORECASE)
_COPY_OF = re.compile(r"(copy of |\d{14}_)", re.IGNORECASE)
_DOWNLOADED_AGAIN = re.compile(r"( ?\(\d+\)| - copy( \(\d+\))?| copy( \d+)?)$", re.IGNORECASE)  # by browser or desktop
_TEXT_SUFFIX = re.compile(r"(?<=.)(\.txt)+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LmsName:
    """Hold the parts of a downloaded name: student, their number, the name they gave ("" for a folder).

    `attempt` orders what one student handed in, 0 where the name does not tell. `plugin` is Moodle's word for the kind
    of hand-in, and "note" for what Blackboard itself writes about one. `mark` is what stands before the attempt in
    Blackboard's names: a login may have underscores, so that it can't be told for certain from the assignment's name.
    """

    student: str
    number: str
    own: str
    lms: str = ""
    login: str = ""
    attempt: float = 0.0
    plugin: str = ""
    mark: str = ""
    is_late: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Return what is equal for all that one student handed in."""
        return self.lms, self.number or self.mark or self.login or self.student.casefold()


def parse_lms_name(name: str) -> LmsName | None:
    """Return the parts of a name made by Moodle, Canvas, Blackboard or Brightspace, None for any other.

    An LMS's own words stand first. So of several readings the one that leaves most to the student holds, and no name
    that a student gives a file makes it somebody else's.
    """
    found = [reading for read in (_moodle, _canvas, parse_blackboard_name, _brightspace) if (reading := read(name))]
    if found and (unsuffixed := _CANVAS_UNSUFFIXED.fullmatch(name)):
        found.append(_as_canvas(unsuffixed))
    return max(found, key=lambda reading: len(reading.own), default=None)


def _moodle(name: str) -> LmsName | None:
    found = _MOODLE.fullmatch(name)
    if found is None:
        return None
    return LmsName(found["student"], found["number"], found["own"], lms="moodle", plugin=found["plugin"])


def _canvas(name: str) -> LmsName | None:
    if found := _CANVAS.fullmatch(name) or _CANVAS_ANONYMOUS.fullmatch(name):
        return _as_canvas(found)
    if found := _CANVAS_TEXT.fullmatch(name):
        return LmsName(found["student"], found["number"], found["own"], lms="canvas", is_late=bool(found["late"]))
    return None


def _as_canvas(found: re.Match[str]) -> LmsName:
    attempt = float(found["hand_in"][:15])
    is_late = bool(found["late"])
    return LmsName(found["student"], found["number"], found["own"], lms="canvas", attempt=attempt, is_late=is_late)


def parse_blackboard_name(name: str) -> LmsName | None:
    """Return the parts of a name made by Blackboard, None for any other."""
    found = _BLACKBOARD.fullmatch(name)
    if found is None:
        return None
    login, own = found["login"], found["own"] or ""
    attempt = _seconds(found["date"], "%Y-%m-%d-%H-%M-%S")
    plugin = "note" if found["note"] else ""
    return LmsName(login, "", own, lms="blackboard", login=login, attempt=attempt, plugin=plugin, mark=found["mark"])


def _brightspace(name: str) -> LmsName | None:
    found = _BRIGHTSPACE.fullmatch(name)
    if found is None:
        return None
    attempt = _seconds(re.sub(r"[\s,:.]+", " ", found["date"]).strip(), *_DATES)
    return LmsName(found["student"], found["number"], found["own"] or "", lms="brightspace", attempt=attempt)


def parse_sakai_folder(name: str) -> LmsName | None:
    """Return the parts of a folder's name such as `Doe, Jane(jdoe)`, None for any other."""
    found = _SAKAI.fullmatch(name)
    return LmsName(found["student"].strip(), "", "", lms="sakai", login=found["login"]) if found else None


def parse_ilias_folder(name: str) -> LmsName | None:
    """Return the parts of a folder's name such as `Doe_Jane_jdoe_4711`, None for any other."""
    found = _ILIAS.fullmatch(name)
    if found is None:
        return None
    return LmsName(f"{found['first']} {found['last']}", found["number"], "", lms="ilias", login=found["login"])


def is_lms_folder(name: str) -> bool:
    """Say whether an LMS made the folder, so that it holds one student's files."""
    return bool(_MOODLE.fullmatch(name) or _GRADESCOPE.fullmatch(name) or _BRIGHTSPACE.fullmatch(name))


def is_gradescope_folder(name: str) -> bool:
    """Say whether a folder is one submission of Gradescope's export."""
    return bool(_GRADESCOPE.fullmatch(name))


def is_generic(name: str, *, own: Collection[str] = ()) -> bool:
    """Say whether a name tells nothing about who handed in: `hw2`, `Homework 2 final`, `my old version`.

    `own` are words of the assignment, in lower case, which tell nothing either beside a version: `layers-kit`.
    """
    plain = cut_suffix(name)
    if _GENERIC.fullmatch(plain):
        return True
    words = [word for word in re.split(r"[\W_]+", plain.casefold()) if word]
    versions = [word for word in words if _VERSION.fullmatch(word)]
    return bool(versions) and all(word in versions or word in own or _BESIDE_VERSION.fullmatch(word) for word in words)


def plain_name(name: str) -> str:
    """Return the student's own file name in lower case, without what an LMS, a browser or a mail added to it."""
    lms = parse_lms_name(name)
    own = _TEXT_SUFFIX.sub("", lms.own if lms and lms.own else name)
    if not own.lower().endswith((".py", ".ipynb", ".json")):
        own = lms.own if lms and lms.own else name  # an honest text file
    return _COPY_MARK.sub("", _COPY_OF.sub("", own, count=1) if _COPY_OF.match(own) else own).lower()


def cut_copy_mark(stem: str) -> str:
    """Cut what a browser or a desktop adds to the name of something that is there already: `alice (1)`."""
    return _DOWNLOADED_AGAIN.sub("", re.sub(r"^copy of ", "", stem, flags=re.IGNORECASE))


def cut_suffix(name: str) -> str:
    """Cut the suffix of an archive, a Python file or a notebook."""
    for suffix in (*READABLE_SUFFIXES, ".py", ".ipynb"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def _seconds(date: str, *formats: str) -> float:
    for form in formats:
        try:
            return datetime.strptime(date, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return 0.0
