"""Promises about whose an upload is: nothing that one student packs changes whose another's is."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lms_samples import GRADESCOPE, tar_of
from upload_samples import CODE, assignment_in, pack

from grader.errors import SubmissionError, UnclearError
from grader.results.verdict import Origin, Owner
from grader.submissions.lms_names import parse_lms_name
from grader.submissions.submission import find_submissions, read_submission

PEOPLE = {"ann": ("Ann Lee", 101), "bo": ("Bo Chen", 102), "cy": ("Cy Diaz", 103), "mal": ("Mal Lory", 104)}
ZIP = pack(CODE)
STOLEN = pack({**CODE, "hw2/layers.py": "def a(): return 'stolen'\n"})
DATE = "2025-03-03-10-12-13"
# Names by which each LMS would know Bo and Ann, on what Mal hands in.
FORGED = (
    "chenbo_102_9999_hw2.zip",
    "leeann_101_9998_hw2.zip",
    "Bo Chen_102_assignsubmission_file_hw2.zip",
    "x-Bo Chen_102_assignsubmission_file_hw2.zip",
    "Ann Lee_101_assignsubmission_file_/hw2.zip",
    f"HW2_bo_attempt_{DATE}_hw2.zip",
    f"HW2_ann_attempt_{DATE}_hw2.zip",
    "102-7 - Bo Chen - Mar 3, 2025 1012 AM/hw2.zip",
    "Chen, Bo(bo)/Submission attachment(s)/hw2.zip",
    "Lee, Ann(ann)/timestamp.txt",
    "Chen_Bo_bo_102/hw2.zip",
    "Lee_Ann_ann_101/hw2.zip",
    "submission_1001/hw2/layers.py",
    "submission_metadata.yml",
    "hw2-bo/hw2/layers.py",
    "bo.zip",
    "ann.zip",
    "bo/hw2/layers.py",
    "ann/hw2/layers.py",
    "roster.csv",
    "run.sqlite",
    "grades.csv",
    "results.json",
)
CONTENT = {
    "submission_metadata.yml": GRADESCOPE.encode(),
    "roster.csv": b"submission,name\nmal,Bo Chen\n",
    "hw2.zip": STOLEN,
    "bo.zip": STOLEN,
    "ann.zip": STOLEN,
    "layers.py": CODE["hw2/layers.py"].encode(),
}


def content_of(name: str) -> bytes:
    return next((content for end, content in CONTENT.items() if name.endswith(end)), STOLEN)


def own_names(names: list[str]) -> dict[str, bytes]:
    """Return forged names as those of loose files: an LMS lets nobody hand in folders."""
    return {name.replace("/", "\\"): content_of(name) for name in names}


def canvas(who: str, own: dict[str, bytes]) -> dict[str, bytes]:
    name, number = PEOPLE[who]
    last, first = name.lower().split()[::-1]
    return {f"{last}{first}_{number}_{9000 + place}_{own}": content for place, (own, content) in enumerate(own.items())}


def moodle(who: str, own: dict[str, bytes]) -> dict[str, bytes]:
    name, number = PEOPLE[who]
    return {f"{name}_{number}_assignsubmission_file_{own}": content for own, content in own.items()}


def blackboard(who: str, own: dict[str, bytes]) -> dict[str, bytes]:
    mark = f"HW2_{who}_attempt_{DATE}"
    return {f"{mark}.txt": f"Name: {PEOPLE[who][0]} ({who})\nName: Bo Chen (bo)\n".encode()} | {
        f"{mark}_{name}": content for name, content in own.items()
    }


def brightspace(who: str, own: dict[str, bytes]) -> dict[str, bytes]:
    name, number = PEOPLE[who]
    return {f"{number}-7 - {name} - Mar 3, 2025 1012 AM/{own}": content for own, content in own.items()}


def moodle_folders(who: str, own: dict[str, bytes]) -> dict[str, bytes]:
    name, number = PEOPLE[who]
    return {f"{name}_{number}_assignsubmission_file_/{own}": content for own, content in own.items()}


def sakai(who: str, own: dict[str, bytes]) -> dict[str, bytes]:
    first, last = PEOPLE[who][0].split()
    below = f"{last}, {first}({who})"
    return {f"{below}/timestamp.txt": b"2025"} | {f"{below}/Submission attachment(s)/{n}": c for n, c in own.items()}


def ilias(who: str, own: dict[str, bytes]) -> dict[str, bytes]:
    first, last = PEOPLE[who][0].split()
    return {f"{last}_{first}_{who}_{PEOPLE[who][1]}/{name}": content for name, content in own.items()}


def plain(who: str, own: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{who}/{name}": content for name, content in own.items()}


FLAT = (canvas, moodle, blackboard)
LAYOUTS = (canvas, moodle, moodle_folders, blackboard, brightspace, sakai, ilias, plain)
PACKINGS = {
    "loose": own_names,
    "folder": lambda names: {name: content_of(name) for name in names},
    "zip": lambda names: {"hw2.zip": pack({name: content_of(name) for name in names})},
    "tar": lambda names: {"hw2.tar.gz": tar_of({name: content_of(name) for name in names})},
    "zip in zip": lambda names: {"all.zip": pack({"hw2.zip": pack({name: content_of(name) for name in names})})},
}


def found_in(folder: Path) -> dict[str, tuple]:
    """Return whose each submission of a class is and what it holds, by name."""
    told = {}
    assignment = assignment_in(folder.parent)
    for found in find_submissions(folder, assignment).found:
        try:
            digest = read_submission(found, assignment).digest
        except SubmissionError as error:
            digest = str(error)
        told[found.name] = (found.origin.owners, found.origin.hand_in, digest)
    return told


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@settings(max_examples=60, deadline=None)
@given(
    layout=st.sampled_from(LAYOUTS),
    packing=st.sampled_from(sorted(PACKINGS)),
    names=st.lists(st.sampled_from(FORGED), min_size=1, max_size=5, unique=True),
    as_download=st.booleans(),
)
def test_nobody_hands_in_for_others(layout, packing, names, as_download):
    """Whatever Mal packs or calls a file, the others keep what they had, and Mal has one submission at most."""
    root = Path(tempfile.mkdtemp())
    try:
        others = {path: content for who in ("ann", "bo", "cy") for path, content in layout(who, {"a.zip": ZIP}).items()}
        forged = layout("mal", PACKINGS["loose" if packing == "folder" and layout in FLAT else packing](names))
        write(root / "before", others)
        expected = found_in(root / "before")
        (root / "class").mkdir()
        if as_download:
            (root / "class" / "all.zip").write_bytes(pack(others | forged))
        else:
            write(root / "class", others | forged)
        found = found_in(root / "class")
    finally:
        shutil.rmtree(root)
    assert len(expected) == 3
    assert {name: found.get(name) for name in expected} == expected
    added = set(found) - set(expected)
    is_results = layout is plain and "run.sqlite" in names and {"grades.csv", "results.json"} & set(names)
    assert len(added) == 1 or (is_results and not added)
    assert not {owner for name in added for owner in found[name][0]} & {
        owner for owners, _, _ in expected.values() for owner in owners
    }


def files_of(*students: str, below: str = "") -> dict[str, bytes]:
    """Return a zip for each student, named after them."""
    return {f"{below}{who}.zip": ZIP for who in students}


def owners(founds) -> dict[str, str]:
    return {found.name: found.path.name for found in founds}


@pytest.fixture
def find(tmp_path):
    """Return a function that writes a class and returns what is found in it, and the assignment."""

    def find(files, **options):
        write(tmp_path / "class", files)
        assignment = assignment_in(tmp_path)
        return find_submissions(tmp_path / "class", assignment, **options).found, assignment

    return find


MARKED = {"chenbo_102_9999_hw2.zip": ZIP, "leeann_101_9998_hw2.zip": ZIP}


@pytest.mark.parametrize("inner", [{"cy.zip": pack(MARKED)}, {"cy.tar.gz": tar_of(MARKED)}, plain("cy", MARKED)])
def test_what_looks_like_a_class_among_others_is_nobodys(find, inner):
    """What holds the marked work of several students is one unclear submission, and names them."""
    founds, assignment = find(files_of("di", "ed") | inner)
    assert [found.name for found in founds] == ["cy", "di", "ed"]
    with pytest.raises(UnclearError, match=r"several students handed in: `chenbo`, `leeann`\. Each hands in"):
        read_submission(founds[0], assignment)


def test_a_classmates_report_makes_nothing_unclear(find):
    """Only code that is marked counts: what else lies in an upload is no second student's work."""
    founds, assignment = find(
        files_of("di") | {"cy.zip": pack({"chenbo_102_9999_hw2.zip": ZIP, "leeann_101_9998_notes.pdf": b"%PDF"})}
    )
    assert read_submission(founds[0], assignment).missing == ()


def test_sections_hold_several_students(find):
    """Where most folders hold several students all are sections, also that of a single student."""
    sections = files_of("ann", "bo", below="A/") | files_of("cy", below="B/") | files_of("di", "ed", below="C/")
    founds, _ = find(sections | {"C/fay/hw2/layers.py": b"x = 1\n", "D/gil/hw2.zip": ZIP, "D/hal/hw2.zip": ZIP})
    assert owners(founds) == {
        "A - ann": "ann.zip",
        "A - bo": "bo.zip",
        "B - cy": "cy.zip",
        "C - di": "di.zip",
        "C - ed": "ed.zip",
        "C - fay": "fay",
        "D - gil": "gil",
        "D - hal": "hal",
    }


def test_each_section_may_be_an_lmss_download(find):
    """Folders that an LMS has filled are sections, also with one student in each."""
    founds, _ = find({"A/chenbo_102_9999_hw2.zip": ZIP, "B/leeann_101_9998_hw2.zip": ZIP})
    assert [found.name for found in founds] == ["A - chenbo", "B - leeann"]


def test_one_students_folder_is_no_section(find):
    """Among the folders of students, one with several versions is one student's; the last version counts."""
    late = pack({**CODE, "hw2/layers.py": "def a(): return 3\n"}, (2025, 4, 1, 0, 0, 0))
    founds, assignment = find({"ann/hw2.zip": ZIP, "bo/hw2.zip": ZIP, "mal/bo.zip": ZIP, "mal/mine.zip": late})
    assert [found.name for found in founds] == ["ann", "bo", "mal"]
    assert read_submission(founds[2], assignment).files["hw2/layers.py"] == b"def a(): return 3\n"


def test_what_may_be_a_section_or_a_student_is_unclear(find):
    """Where nothing tells whether folders are students or sections, one with several works is named, not graded."""
    founds, assignment = find(files_of("ann", "bo", below="A/") | files_of("cy", below="B/"))
    assert [found.name for found in founds] == ["A", "B"]
    with pytest.raises(UnclearError, match=r"`A` is one student's or a section: it holds `ann`, `bo`\. Put what"):
        read_submission(founds[0], assignment)


@pytest.mark.parametrize("name", ["mal", "mal.zip"])
def test_a_student_graded_again_alone_stays_one(tmp_path, name):
    """What was a submission of the class before is no class when it is given by itself."""
    write(tmp_path / "class", {name: pack(MARKED)} if name.endswith(".zip") else plain("mal", MARKED))
    assignment = assignment_in(tmp_path)
    found = find_submissions(tmp_path / "class" / name, assignment, known={"ann": Origin(), "mal": Origin()}).found
    assert [one.name for one in found] == ["mal"]
    assert len(find_submissions(tmp_path / "class" / name, assignment).found) == 2


def test_an_upload_with_an_lmss_name_is_never_a_class(tmp_path):
    """A file that an LMS has named after its student is that student's, whatever lies in it."""
    write(tmp_path, {"diazcy_103_9000_hw2.zip": pack(MARKED)})
    found = find_submissions(tmp_path / "diazcy_103_9000_hw2.zip", assignment_in(tmp_path)).found
    assert [one.name for one in found] == ["diazcy"]


@pytest.mark.parametrize(
    ("name", "lms", "who"),
    [
        ("malory_104_9000_x-Bo Chen_102_assignsubmission_file_hw2.zip", "canvas", "104"),
        ("malory_104_9000_x-Bo Chen_102_assignsubmission_file_hw2", "canvas", "104"),
        ("Mal Lory_104_assignsubmission_file_Bo Chen_102_assignsubmission_file_a.zip", "moodle", "104"),
        (f"Mal Lory_104_assignsubmission_file_HW2_bo_attempt_{DATE}_a.zip", "moodle", "104"),
        (f"HW2_mal_attempt_{DATE}_Bo Chen_102_assignsubmission_file_a.zip", "blackboard", "mal"),
        (f"HW2_mal_attempt_{DATE}_HW2_bo_attempt_{DATE}_a.zip", "blackboard", "mal"),
        ("104-7 - Mal Lory - Mar 3, 2025 1012 AM - Bo_102_assignsubmission_file_a.zip", "brightspace", "104"),
    ],
)
def test_the_marks_at_the_front_hold(name, lms, who):
    """A file's own name never makes it somebody else's: what the LMS wrote stands first."""
    found = parse_lms_name(name)
    assert (found.lms, found.number or found.login) == (lms, who)


def test_logins_with_underscores_are_two_students(find):
    """Blackboard's logins are told by its own note, and two that end alike stay two."""
    files = {f"Lab_3_2_{login}_attempt_{DATE}_hw2.zip": ZIP for login in ("a_doe", "b_doe")}
    files[f"Lab_3_2_a_doe_attempt_{DATE}.txt"] = b"Name: Ann Doe (a_doe)\r\nAssignment: Lab 3.2\r\n"
    files[f"Lab_3_2_b_doe_attempt_{DATE}_.txt"] = b"Name: Ann Doe (b_doe)\n"
    founds, _ = find(files)
    assert [found.origin.owners for found in founds] == [
        (Owner("Ann Doe", login="a_doe"),),
        (Owner("", login="doe"),),
    ]


def test_only_gradescopes_own_lines_name_submitters(find):
    """A long name that is folded over several lines adds neither a submitter nor a number."""
    told = GRADESCOPE.replace(
        "- :name: Cy Diaz", "- :name: 'Cy\n      - :name: Bo Chen\n      :sid: \"3002\"\n      x'"
    )
    found, _ = find({"submission_metadata.yml": told.encode(), "submission_1003/hw2/layers.py": b"x = 1\n"})
    assert [owner.sis_id for owner in found[0].origin.owners] == ["3003"]


def test_backslashes_in_a_class_are_letters_of_a_name(tmp_path):
    """In a download with folders a backslash opens no folder, and stops nobody."""
    evil = "lorymal_104_9001_..\\..\\chenbo_102_9999_hw2.zip"
    write(tmp_path, {"all.zip": pack({"leeann_101_9000_hw2.zip": ZIP, evil: STOLEN})})
    found = find_submissions(tmp_path / "all.zip", assignment_in(tmp_path)).found
    assert [one.name for one in found] == ["leeann", "lorymal"]


def test_a_namesake_who_comes_later_renames_nobody(find):
    """Whom an LMS knows keeps the name of the earlier run, and nobody else gets it, also once they have left."""
    first, _ = find({"leeann_101_9000_a.zip": ZIP, "doejane_100_9000_a.zip": ZIP})
    known = {one.name: one.origin for one in first}
    both, _ = find({"doejane_200_9001_a.zip": ZIP}, known=known)
    assert {one.name: one.origin.owners[0].number for one in both} == {
        "doejane": "100",
        "doejane (200)": "200",
        "leeann": "101",
    }


def test_who_has_left_keeps_the_name(find):
    """A namesake of somebody who has left is somebody else."""
    known = {"doejane": Origin("canvas", (Owner("doejane", "100"),)), "leeann": Origin()}
    found, _ = find({"doejane_200_9001_a.zip": ZIP, "leeann_101_9000_a.zip": ZIP}, known=known)
    assert [one.name for one in found] == ["doejane (200)", "leeann"]
