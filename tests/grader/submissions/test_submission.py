"""Promises of `submission`, `intake`, `lms_names` and `package_root`."""

import hashlib
import io
import os
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grader.courses.assignment import Assignment, HandedIn, SandboxSettings, SubmissionKind, Task
from grader.errors import CourseError, SubmissionError, UnclearError
from grader.notebooks.plan import PLAN_FILE
from grader.submissions.lms_names import is_generic, parse_lms_name, plain_name
from grader.submissions.submission import Found, Intake, IntakeLimits, Submission, find_submissions, read_submission

GOOD = {"hw2/layers.py": "student", "hw2/optimizers.py": "student"}


def make_files(folder: Path, files: dict[str, str] | list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((files[path] if isinstance(files, dict) else "x").encode())
    return folder


def make_zip(path: Path, files: dict[str, str] = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_tgz(path: Path, files: dict[str, str] = GOOD) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content.encode()))
    return path


@pytest.fixture
def assignment(tmp_path) -> Assignment:
    """An assignment with two required files, an optional one and a support package."""
    reference = {
        "hw2/__init__.py": "",
        "hw2/layers.py": "solution",
        "hw2/optimizers.py": "solution",
        "hw2/extra.py": "solution",
        "support/__init__.py": "",
        "support/plot.py": "course\n",
        "run.py": "course",
        "README.md": "for instructors",
        "support/__pycache__/plot.pyc": "junk",
    }
    return Assignment(
        slug="hw2",
        title="HW2",
        folder=tmp_path / "course" / "tests" / "assignments" / "hw2",
        assets=tmp_path / "course" / "assets" / "hw2",
        reference=make_files(tmp_path / "course" / "reference" / "hw2", reference),
        handed_in=HandedIn(SubmissionKind.PACKAGE, ("hw2/layers.py", "hw2/optimizers.py"), ("hw2/*.py", "hw2/**/*.py")),
        sandbox=SandboxSettings(),
        limits={},
        tasks=(Task("linear", "Linear", 10.0),),
    )


@pytest.fixture
def notebook(assignment) -> Assignment:
    """An assignment whose students hand in a notebook."""
    return replace(assignment, reference=None, handed_in=HandedIn(SubmissionKind.NOTEBOOK, ("hw.ipynb",), ("*.ipynb",)))


def read(path: Path, assignment: Assignment) -> Submission:
    return read_submission(Found(path.name, path), assignment)


def find(path: Path, assignment: Assignment) -> dict[str, str]:
    found = find_submissions(path, assignment).found
    assert [one.name for one in found] == sorted((one.name for one in found), key=str.casefold)
    assert len({one.name for one in found}) == len(found)
    return {one.name: one.path.relative_to(path.parent).as_posix() for one in found}


SUPPORT = {"support/__init__.py": b"", "support/plot.py": b"course\n", "run.py": b"course"}
STUDENT = {"hw2/layers.py": b"student", "hw2/optimizers.py": b"student"}


def test_folder(tmp_path, assignment):
    """A folder is read, and the course's support files are added."""
    submission = read(make_files(tmp_path / "alice", GOOD), assignment)
    assert submission.files == STUDENT | SUPPORT
    assert list(submission.files) == sorted(submission.files)
    assert (submission.name, submission.notes, submission.missing) == ("alice", (), ())


@pytest.mark.parametrize("make", [make_zip, make_tgz])
def test_archive(tmp_path, assignment, make):
    """An archive is read as the folder that was packed."""
    path = make(tmp_path / ("a.zip" if make is make_zip else "a.tgz"))
    assert read(path, assignment).digest == read(make_files(tmp_path / "alice", GOOD), assignment).digest


@pytest.mark.parametrize("prefix", ["Homework2/", "hw2/", "My Work (1)/final version/", "a/b/c/d/e/f/"])
def test_nested_package(tmp_path, assignment, prefix):
    """A package up to six folders deep is found, and the note says where."""
    path = make_zip(tmp_path / "a.zip", {prefix + name: content for name, content in GOOD.items()})
    submission = read(path, assignment)
    assert submission.files == STUDENT | SUPPORT
    assert submission.notes == (f"The files were found in `{prefix}`.",)


def test_best_root_wins(tmp_path, assignment):
    """The folder with most of the required files is taken, not the first one."""
    files = {"hw2/layers.py": "old"} | {f"new/{name}": content for name, content in GOOD.items()}
    assert read(make_files(tmp_path / "a", files), assignment).files["hw2/layers.py"] == b"student"


def test_upper_and_lower_case(tmp_path, assignment):
    """Names that differ in case only are corrected, with a note; other files in the folder move along."""
    files = {"HW2/Layers.py": "student", "HW2/optimizers.py": "student", "HW2/more.py": "more"}
    submission = read(make_files(tmp_path / "a", files), assignment)
    assert submission.files == STUDENT | SUPPORT | {"hw2/more.py": b"more"}
    assert submission.notes[0].endswith("upper and lower case of the names were corrected.")
    assert "`HW2/Layers.py`" in submission.notes[0]


def test_exact_case_wins(tmp_path, assignment):
    """A file of the exact name is not replaced by one that differs in case."""
    files = {"hw2/layers.py": "right", "hw2/Layers.py": "wrong", "hw2/optimizers.py": ""}
    assert read(make_files(tmp_path / "a", files), assignment).files["hw2/layers.py"] == b"right"


def test_missing_file(tmp_path, assignment):
    """A required file that is missing is named with where it was looked for, never filled from the reference."""
    submission = read(make_files(tmp_path / "a", {"Homework/hw2/layers.py": "student"}), assignment)
    assert submission.missing == ("hw2/optimizers.py",)
    assert submission.notes[-1] == "`hw2/optimizers.py` is missing; looked in `Homework/`."
    assert b"solution" not in submission.files.values()


def test_nothing_required(tmp_path, assignment):
    """Without any required file the error says what was expected and what was found."""
    files = [f"file{number:02}.txt" for number in range(12)]
    with pytest.raises(SubmissionError) as caught:
        read(make_files(tmp_path / "a", files), assignment)
    assert "Expected: `hw2/layers.py`, `hw2/optimizers.py`. Found: `file00.txt`" in str(caught.value)
    assert "`file09.txt` and 2 more. Hand in the folder" in str(caught.value)


def test_empty_folder(tmp_path, assignment):
    """An empty folder is refused in the same words."""
    with pytest.raises(SubmissionError, match=r"Found: no file at all"):
        read(make_files(tmp_path / "a", {}), assignment)


@pytest.mark.parametrize("name", ["layers.py", "doejane_12345_678_layers.py", "layers (2).py", "Layers-1.py"])
def test_single_file(tmp_path, assignment, name):
    """A single file is taken as the required file of its name, whatever Canvas or a browser added to it."""
    submission = read(make_files(tmp_path, {name: "student"}) / name, assignment)
    assert submission.files == {"hw2/layers.py": b"student"} | SUPPORT
    assert submission.missing == ("hw2/optimizers.py",)
    assert f"Read `{name}` as `hw2/layers.py`" in submission.notes[0]


def test_loose_files(tmp_path, assignment):
    """Files handed in without their folder go where the required ones belong, with those beside them."""
    files = {"layers.py": "student", "optimizers.py": "student", "more.py": "more", "sub/x.py": "x"}
    submission = read(make_files(tmp_path / "submission_7", files), assignment)
    assert submission.files == STUDENT | SUPPORT | {"hw2/more.py": b"more", "hw2/sub/x.py": b"x"}


def test_single_file_is_bounded(tmp_path, assignment):
    """A single file over the limit is refused."""
    path = make_files(tmp_path, {"layers.py": "x" * 100}) / "layers.py"
    with pytest.raises(SubmissionError, match=r"`layers.py` is over 0 MiB"):
        read_submission(Found("a", path), assignment, limits=IntakeLimits(file_bytes=50))


def test_support_is_restored(tmp_path, assignment):
    """A changed support file is replaced by the course's own, with a note; line endings are no change."""
    files = GOOD | {"run.py": "hacked", "support/plot.py": "course\r\n"}
    submission = read(make_files(tmp_path / "a", files), assignment)
    assert submission.files == STUDENT | SUPPORT
    assert submission.notes == ("Replaced by the course's own, which may not be changed: `run.py`.",)


def test_other_files_pass(tmp_path, assignment):
    """Extra modules and data files of the student are kept as they are."""
    files = {
        "hw2/more/deep.py": "\ufeffx\r\n",
        "answers.json": "{}",
        "data/a b.csv": "1",
        "README.md": "mine",
    }
    submission = read(make_files(tmp_path / "a", GOOD | files), assignment)
    assert submission.files == STUDENT | SUPPORT | {path: text.encode() for path, text in files.items()}


def test_course_places_are_kept_free(tmp_path, assignment):
    """Files in the course's folders, or in place of them, are left out with a note."""
    files = GOOD | {"support/torch.py": "x", "run.py/x.txt": "x"}
    submission = read(make_files(tmp_path / "a", files), assignment)
    assert submission.files == STUDENT | SUPPORT
    assert submission.notes == ("Left out `run.py/x.txt`, `support/torch.py`: that place belongs to the course.",)


def test_support_folder_as_file(tmp_path, assignment):
    """A file named like a folder of the course is left out."""
    submission = read(make_files(tmp_path / "a", GOOD | {"support": "x"}), assignment)
    assert submission.files == STUDENT | SUPPORT


def test_kit_checks_are_not_handed_in(tmp_path, assignment):
    """The kit's checks/ folder in a submission is dropped silently."""
    submission = read(make_files(tmp_path / "a", GOOD | {"checks/probes.py": "hacked"}), assignment)
    assert (submission.files, submission.notes) == (STUDENT | SUPPORT, ())


def test_kit_restores_nothing(tmp_path, assignment):
    """In a students' kit the files are graded as they are."""
    kit = replace(assignment, reference=None)
    path = make_files(tmp_path / "a", GOOD | {"run.py": "mine", "checks/probes.py": "x"})
    assert read(path, kit).files == STUDENT | {"run.py": b"mine"}


def test_reference_is_missing(tmp_path, assignment):
    """A course without the reference is the instructor's mistake, not the student's."""
    broken = replace(assignment, reference=tmp_path / "nowhere")
    with pytest.raises(CourseError, match=r"nowhere is missing\. Add a reference"):
        read(make_files(tmp_path / "a", GOOD), broken)


def test_archive_in_folder(tmp_path, assignment):
    """A folder with one archive and perhaps a report is read through the archive."""
    folder = make_files(tmp_path / "alice", {"report.pdf": "x"})
    make_zip(folder / "work.zip")
    assert read(folder, assignment).files == STUDENT | SUPPORT


def test_several_archives_in_folder(tmp_path, assignment):
    """Of several archives in a folder nobody knows which one counts, unless they hold the same."""
    for name in ("a.zip", "b.zip"):
        make_zip(tmp_path / "alice" / name)
        make_zip(tmp_path / "bob" / name, {"hw2/layers.py": name, "hw2/optimizers.py": ""})
    assert read(tmp_path / "alice", assignment).files == STUDENT | SUPPORT
    with pytest.raises(UnclearError, match=r"unclear which package is meant: `a.zip/`, `b.zip/` differ\. Leave only"):
        read(tmp_path / "bob", assignment)


def test_archive_beside_files(tmp_path, assignment):
    """An archive beside the required files is left out with a note."""
    folder = make_files(tmp_path / "alice", GOOD)
    make_zip(folder / "old.zip", {"hw2/layers.py": "old"})
    submission = read(folder, assignment)
    assert submission.files == STUDENT | SUPPORT
    assert submission.notes == ("Left out `old.zip`: archives inside a submission are not opened.",)


def test_unknown_kind(tmp_path, assignment):
    """A file that is no archive is refused with what is accepted."""
    path = make_files(tmp_path, {"essay.docx": "x"}) / "essay.docx"
    with pytest.raises(SubmissionError, match=r"`essay.docx` can't be read: expected a folder, .zip, .*Pack"):
        read(path, assignment)


def test_rar(tmp_path, assignment):
    """A RAR archive is refused as what it is."""
    path = make_files(tmp_path, {"a.rar": "Rar!\x1a"}) / "a.rar"
    with pytest.raises(SubmissionError, match=r"`a.rar` is a RAR archive, which can't be read"):
        read(path, assignment)


def test_link(tmp_path, assignment):
    """A submission that is a link is not followed."""
    (tmp_path / "a").symlink_to("/etc")
    with pytest.raises(SubmissionError, match=r"`a` is a link\. Hand in the files themselves"):
        read(tmp_path / "a", assignment)


def test_fifo(tmp_path, assignment):
    """A submission that is a fifo is refused without waiting for it."""
    os.mkfifo(tmp_path / "a.zip")
    with pytest.raises(SubmissionError, match=r"`a.zip` is neither a file nor a folder"):
        read(tmp_path / "a.zip", assignment)


def test_digest(tmp_path, assignment):
    """The digest is that of all paths and contents, and changes with any of them."""
    submission = read(make_files(tmp_path / "a", GOOD), assignment)
    total = hashlib.sha256()
    for path, content in sorted(submission.files.items()):
        total.update(path.encode() + b"\0" + hashlib.sha256(content).digest())
    assert submission.digest == total.hexdigest()
    assert read(make_files(tmp_path / "b", GOOD | {"x": ""}), assignment).digest != submission.digest


def test_renamed_notebook(tmp_path, notebook):
    """The only notebook handed in is taken as the required one, whatever its name."""
    path = make_files(tmp_path, {"jane final.ipynb": '{"cells": []}'}) / "jane final.ipynb"
    submission = read(path, notebook)
    assert set(submission.files) == {"hw.ipynb", PLAN_FILE}
    assert "Read `jane final.ipynb` as `hw.ipynb`" in " ".join(submission.notes)


def test_find_one_folder(tmp_path, assignment):
    """A folder with the package at its root is one submission."""
    assert find(make_files(tmp_path / "alice", [*GOOD, "data/x.csv"]), assignment) == {"alice": "alice"}


def test_find_one_archive(tmp_path, assignment):
    """An archive is one submission, named without its suffix."""
    path = make_tgz(tmp_path / "alice.tar.gz")
    assert find_submissions(path, assignment) == Intake((Found("alice", path),))


def test_find_wrapped(tmp_path, assignment):
    """One submission wrapped in a folder of a generic name keeps the outer, telling name."""
    path = make_files(tmp_path / "alice", ["Homework 2/hw2/layers.py", "Homework 2/notes.txt"])
    assert find(path, assignment) == {"alice": "alice"}
    assert read(path, assignment).missing == ("hw2/optimizers.py",)


def test_find_wrapped_beside_data(tmp_path, assignment):
    """A data folder beside the wrapped package does not make it many."""
    path = make_files(tmp_path / "alice", ["Homework2/hw2/layers.py", "data/a.json", "docs/b.pdf"])
    assert find(path, assignment) == {"alice": "alice"}


def test_find_many_with_one(tmp_path, assignment):
    """A folder of one student's folder is named after the student."""
    path = make_files(tmp_path / "all", ["alice/hw2/layers.py"])
    assert find(path, assignment) == {"alice": "all/alice"}


def test_find_many(tmp_path, assignment):
    """Folders, archives, empty folders and files of unknown kind each become a submission."""
    path = make_files(
        tmp_path / "all", ["alice/hw2/layers.py", "bob/Homework/hw2/layers.py", "dan/wrong.py", "eve.docx"]
    )
    make_zip(path / "carol.zip")
    (path / "frank").mkdir()
    assert list(find(path, assignment)) == ["alice", "bob", "carol", "dan", "eve.docx", "frank"]
    for name in ("dan", "eve.docx", "frank"):
        with pytest.raises(SubmissionError):
            read(path / name, assignment)


def test_find_all_empty(tmp_path, assignment):
    """Two folders without anything gradable are still two submissions."""
    path = make_files(tmp_path / "all", ["alice/x.py"])
    (path / "bob").mkdir()
    assert list(find(path, assignment)) == ["alice", "bob"]


def test_stray_files_are_ignored(tmp_path, assignment):
    """Stray files beside submissions are ignored and named."""
    stray = [
        "grades.csv",
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "submission_metadata.yml",
        "index.html",
        "a.txt",
    ]
    path = make_files(tmp_path / "all", ["alice/hw2/layers.py", "bob/hw2/layers.py", *stray, "__MACOSX/x"])
    intake = find_submissions(path, assignment)
    assert [one.name for one in intake.found] == ["alice", "bob"]
    assert intake.ignored == tuple(sorted([*stray, "__MACOSX"]))


def test_find_moodle(tmp_path, assignment):
    """Moodle's folders are named after the student, with the number only where two have one name."""
    path = make_zip(tmp_path / "all" / "Jane Doe_11_assignsubmission_file_" / "hw2.zip").parent.parent
    make_files(path / "Jane Doe_12_assignsubmission_file_", GOOD)
    make_files(path / "Åsa_Öberg_13_assignsubmission_file_", GOOD)
    make_files(path / "Åsa_Öberg_13_assignsubmission_onlinetext_", ["onlinetext.html"])
    make_files(path / "Max_14_assignsubmission_onlinetext_", ["onlinetext.html"])
    found = find(path, assignment)
    assert list(found) == ["Jane Doe (11)", "Jane Doe (12)", "Max", "Åsa_Öberg"]
    assert read(tmp_path / found["Jane Doe (11)"], assignment).files == STUDENT | SUPPORT
    assert find_submissions(path, assignment).ignored == ("Åsa_Öberg_13_assignsubmission_onlinetext_",)


def test_find_canvas(tmp_path, assignment):
    """Canvas's archives are named after the student, late ones too."""
    for name in (
        "doejane_123_456_hw2.zip",
        "smithjohn_LATE_124_457_hw2-1.zip",
        "smithjohn_125_458_x_1_2.zip",
    ):
        path = make_zip(tmp_path / "all" / name).parent
    assert list(find(path, assignment)) == ["doejane", "smithjohn (124)", "smithjohn (125)"]


def test_find_gradescope(tmp_path, assignment):
    """Gradescope's folders are one submission each, with loose files too."""
    path = make_files(
        tmp_path / "all", ["submission_1/layers.py", "submission_2/hw2/layers.py", "submission_metadata.yml"]
    )
    assert list(find(path, assignment)) == ["submission_1", "submission_2"]


def test_find_in_sections(tmp_path, assignment):
    """Submissions in sections one or two folders down are found and named with their section."""
    path = make_files(
        tmp_path / "all", ["mon/alice/hw2/layers.py", "mon/bob/hw2/layers.py", "tue/x/carol/hw2/layers.py"]
    )
    make_zip(path / "tue" / "x" / "alice.zip")
    (path / "mon" / "dan").mkdir()
    found = find(path, assignment)
    assert list(found) == ["mon - alice", "mon - bob", "mon - dan", "x - alice", "x - carol"]


def test_find_in_one_wrapper(tmp_path, assignment):
    """A download wrapped in one folder needs no prefix."""
    path = make_files(tmp_path / "all", ["CS-HW2/Jane_1_assignsubmission_file_/layers.py"])
    assert list(find(path, assignment)) == ["Jane"]


def test_two_versions_are_one_student(tmp_path, assignment):
    """A student's folder with a folder and an archive of generic names is not split."""
    path = make_files(tmp_path / "all", ["alice/hw2_final/hw2/layers.py", "bob/hw2/layers.py"])
    make_zip(path / "alice" / "hw2.zip")
    assert list(find(path, assignment)) == ["alice", "bob"]


def test_same_name_twice(tmp_path, assignment):
    """A folder and an archive of one name are one student's."""
    path = make_files(tmp_path / "all", ["alice/hw2/layers.py", "alice/hw2/optimizers.py", "bob/hw2/layers.py"])
    make_zip(path / "Alice.zip")
    assert find(path, assignment) == {"alice": "all/alice", "bob": "all/bob"}
    (alice, _) = find_submissions(path, assignment).found
    assert [part.own for part in alice.parts] == ["alice", "Alice.zip"]


def test_find_notebooks(tmp_path, notebook):
    """A flat folder of notebooks holds one submission each."""
    path = make_files(tmp_path / "all", ["alice.ipynb", "doejane_1_2_hw.ipynb"])
    assert list(find(path, notebook)) == ["alice", "doejane"]


def test_find_linked_child(tmp_path, assignment):
    """A link among many is found, not followed."""
    path = make_files(tmp_path / "all", ["alice/hw2/layers.py", "bob/hw2/layers.py"])
    (path / "mallory").symlink_to("/etc")
    assert list(find(path, assignment)) == ["alice", "bob", "mallory"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("mode", [0o000, 0o400, 0o100])
def test_find_unreadable_child(tmp_path, assignment, mode):
    """A folder without permissions among many is found, and is refused when it is read."""
    path = make_files(tmp_path / "all", ["alice/hw2/layers.py", "bob/hw2/layers.py", "eve/hw2/layers.py"])
    (path / "eve").chmod(mode)
    try:
        assert list(find(path, assignment)) == ["alice", "bob", "eve"]
        with pytest.raises(SubmissionError, match=r"None of the required files"):
            read(path / "eve", assignment)
    finally:
        (path / "eve").chmod(0o700)


def test_names_are_printable(tmp_path, assignment):
    """Names of submissions can be printed, whatever the folder is called."""
    path = make_files(tmp_path / "all", ["a\nb/hw2/layers.py", "c\x1b[31m/hw2/layers.py"])
    assert [one.name for one in find_submissions(path, assignment).found] == ["a�b", "c�[31m"]


def test_find_nothing(tmp_path, assignment):
    """A path that is not there, or an empty folder, is refused."""
    with pytest.raises(SubmissionError, match=r"There is no `.*nowhere`\. Is the path right\?"):
        find_submissions(tmp_path / "nowhere", assignment)
    make_files(tmp_path / "empty", [".DS_Store"])
    with pytest.raises(SubmissionError, match=r"`.*empty` is empty\. Is it the right folder\?"):
        find_submissions(tmp_path / "empty", assignment)


@pytest.mark.parametrize("name", ["hw2", "Homework 2", "HW2_final_v2", "submission", "hw2 (1).zip", "code"])
def test_generic_names(name):
    """Names of work, not of people, are generic."""
    assert is_generic(name)


@pytest.mark.parametrize("name", ["alice", "Jane Doe", "exner", "final.fantasy.jane", "labuda.zip"])
def test_telling_names(name):
    """Names of people are not generic, even where they begin like one."""
    assert not is_generic(name)


def test_lms_names():
    """Names of a plain kind are no LMS's; the student's own part is told from what was added."""
    assert parse_lms_name("hw2_final.zip") is None
    assert plain_name("doejane_LATE_12_34_layers-2.py") == "layers.py"
    assert plain_name("Jane_1_assignsubmission_file_layers.py") == "layers.py"
