"""Tests of grader.submissions.uploads and what grader.submissions.intake makes of a class, LMS by LMS."""

import gzip
import io
import shutil
import tarfile
import unicodedata
import zipfile
from pathlib import Path

import pytest
from lms_samples import tar_of
from upload_samples import CODE, pack

from grader.courses.assignment import SubmissionKind
from grader.errors import SubmissionError, UnclearError
from grader.results.verdict import Owner
from grader.submissions.submission import find_submissions, read_submission
from grader.submissions.uploads import find_uploads

ZIP = pack(CODE)


@pytest.fixture
def find(tmp_path, make_assignment, write_files):
    """Return a function that writes a class's folder and returns what is found in it, by name."""

    def find(files, **settings):
        folder = write_files(tmp_path / "class", files)
        return {one.name: one for one in find_submissions(folder, make_assignment(), **settings).found}

    return find


def test_canvas_puts_the_files_of_all_students_side_by_side(find, make_assignment):
    """A report beside the code is no rival, a late mark no name, and Canvas's numbers are kept."""
    found = find(
        {
            "doejane_100_9050_answers.pdf": b"%PDF",
            "doejane_100_9100_hw2.zip": ZIP,
            "leeann_LATE_101_9101_layers.py": CODE["hw2/layers.py"],
            "leeann_LATE_101_9102_optimizers.py": CODE["hw2/optimizers.py"],
            "raybob_102_text.html": "<p>",
        }
    )
    assert list(found) == ["doejane", "leeann", "raybob"]
    assert found["doejane"].origin.owners == (Owner("doejane", "100"),)
    for name in ("doejane", "leeann"):
        assert read_submission(found[name], make_assignment()).missing == ()
    with pytest.raises(SubmissionError, match=r"None of the required files was found"):
        read_submission(found["raybob"], make_assignment())


def test_canvas_renames_what_is_handed_in_again(find, make_assignment):
    """Of `hw2.zip` and `hw2-1.zip` the one that Canvas numbered last counts, and a note says so."""
    again = pack({**CODE, "hw2/layers.py": "def a(): return 3\n"})
    found = find({"doejane_100_9100_hw2.zip": ZIP, "doejane_100_9200_hw2-1.zip": again})
    submission = read_submission(found["doejane"], make_assignment())
    assert submission.files["hw2/layers.py"] == b"def a(): return 3\n"
    assert submission.notes[0] == "Handed in again since, so not graded: `hw2.zip`."


def test_moodle_without_folders(find, make_assignment):
    """Loose files, a report and the online text of one participant are one submission."""
    found = find(
        {
            "Ann Lee_501_assignsubmission_file_hw2.zip": ZIP,
            "Ann Lee_501_assignsubmission_file_report.pdf": b"%PDF",
            "Ann Lee_501_assignsubmission_onlinetext_onlinetext.html": "<p>",
            "Group A-Bo Chen_502_assignsubmission_file_layers.py": CODE["hw2/layers.py"],
            "Group A-Bo Chen_502_assignsubmission_file_optimizers.py": CODE["hw2/optimizers.py"],
        }
    )
    assert [one.origin.owners[0].number for one in found.values()] == ["501", "502"]
    assert all(read_submission(one, make_assignment()).missing == () for one in found.values())


def test_moodle_with_folders(find, make_assignment):
    """A participant's folders are one submission, with or without the underscore at the end."""
    found = find(
        {
            "Ann Lee_501_assignsubmission_file_/hw2.zip": ZIP,
            "Ann Lee_501_assignsubmission_onlinetext_/onlinetext.html": "<p>",
            "Bo Chen_502_assignsubmission_file/hw2/layers.py": "def a(): pass",
        }
    )
    assert list(found) == ["Ann Lee", "Bo Chen"]


def test_rivals_that_differ_are_unclear(find, make_assignment):
    """Two packages written at the same time are named, and neither is graded."""
    other = pack({**CODE, "hw2/layers.py": "def a(): return 3\n"})
    found = find({"Bo_502_assignsubmission_file_a.zip": ZIP, "Bo_502_assignsubmission_file_b.zip": other})
    with pytest.raises(UnclearError, match=r"which package is meant: `a.zip/`, `b.zip/` differ\. Leave only the one"):
        read_submission(found["Bo"], make_assignment())


def test_files_beside_an_archive_that_differ_are_unclear(find, make_assignment):
    """A part of the package beside the whole of it is no silent choice."""
    found = find(
        {
            "Bo_502_assignsubmission_file_hw2.zip": ZIP,
            "Bo_502_assignsubmission_file_layers.py": "def a(): return 3\n",
            "Cy_503_assignsubmission_file_hw2.zip": ZIP,
            "Cy_503_assignsubmission_file_layers.py": CODE["hw2/layers.py"],
        }
    )
    with pytest.raises(UnclearError, match=r"which files are meant: `layers.py` differ"):
        read_submission(found["Bo"], make_assignment())
    assert read_submission(found["Cy"], make_assignment()).missing == ()


METADATA = """\
submission_1001:
  :submitters:
  - :name: Ann Lee
    :sid: "3001"
    :email: ann@example.edu
  :created_at: 2025-01-01
  :history:
  - :submitters:
    - :name: Nobody
submission_1002:
  :submitters:
  - :name: 'Pat O''Brien'
    :sid: '3002'
  - :name: "Zo\\u00eb"
    :email: zoe@example.edu
"""


def test_gradescope_says_whose_each_submission_is(find):
    """Names, numbers and addresses of all submitters are read; one that is not listed keeps its folder's name."""
    found = find(
        {
            "assignment_7_export/submission_metadata.yml": METADATA,
            "assignment_7_export/submission_1001/hw2/layers.py": "x = 1",
            "assignment_7_export/submission_1002/hw2/layers.py": "x = 1",
            "assignment_7_export/submission_1003/hw2/layers.py": "x = 1",
        }
    )
    assert list(found) == ["Ann Lee", "Pat O'Brien & Zoë", "submission_1003"]
    assert found["Ann Lee"].origin.owners == (Owner("Ann Lee", sis_id="3001", email="ann@example.edu"),)
    assert found["Pat O'Brien & Zoë"].origin.hand_in == "1002"
    words = "Gradescope's submission_metadata.yml does not list it: it may be left from an earlier export."
    assert [one.notes for one in found.values()] == [(), (), (words,)]


def test_what_was_read_is_not_said_to_be_ignored(tmp_path, make_assignment, write_files):
    """Of what lies beside Gradescope's submissions only what nobody read is listed."""
    files = {"submission_metadata.yml": METADATA, "notes.txt": "", "submission_1001/hw2/layers.py": "x = 1"}
    assert find_submissions(write_files(tmp_path / "class", files), make_assignment()).ignored == ("notes.txt",)


def test_blackboard_attempts(find):
    """The last attempt counts, and the name stands in Blackboard's own note."""
    mark = "HW2_jdoe_attempt_2025-03-0{}-10-00-00{}"
    found = find(
        {
            mark.format(1, ".txt"): "Name: Jane Doe (jdoe)\nAssignment: HW2\n",
            mark.format(1, "_old.zip"): pack({}),
            mark.format(2, ".txt"): "Name: Jane Doe (jdoe)\nAssignment: HW2\n",
            mark.format(2, "_hw2.zip"): ZIP,
        }
    )
    assert list(found) == ["Jane Doe"]
    assert found["Jane Doe"].path.name.endswith("02-10-00-00_hw2.zip")
    assert found["Jane Doe"].notes == ("Handed in 2 times; the last attempt was graded.",)
    assert found["Jane Doe"].origin.owners == (Owner("Jane Doe", login="jdoe"),)


def test_a_note_that_cannot_be_opened_ends_nothing(find, monkeypatch):
    """Where Blackboard's note can't be opened, the student is found all the same, by the login."""
    ordinary = Path.open

    def refuse(path, *arguments, **settings):
        if path.name.endswith("10-00-00.txt") and "rb" in arguments:
            raise PermissionError(13, "Permission denied")
        return ordinary(path, *arguments, **settings)

    monkeypatch.setattr(Path, "open", refuse)  # root may open everything
    mark = "HW2_jdoe_attempt_2025-03-01-10-00-00{}"
    found = find({mark.format(".txt"): "Name: Jane Doe (jdoe)\n", mark.format("_hw2.zip"): ZIP})
    assert [one.origin.owners for one in found.values()] == [(Owner(login="jdoe"),)]


def test_brightspace_attempts(find):
    """The folder with the last date counts."""
    found = find(
        {
            "12-77 - Jane Doe - Mar 3, 2025 1012 AM/hw2.zip": ZIP,
            "12-77 - Jane Doe - Mar 3, 2025 212 PM/hw2.zip": ZIP,
            "13-77 - Ann Lee - Mar 2, 2025 1012 AM/hw2.zip": ZIP,
            "index.html": "<p>",
        }
    )
    assert list(found) == ["Ann Lee", "Jane Doe"]
    assert found["Jane Doe"].path.name.endswith("212 PM")


def test_sakai_attachments(find, make_assignment):
    """What a student attached is read, and not what stands beside it."""
    found = find(
        {
            "HW2/grades.csv": "x",
            "HW2/Doe, Jane(jdoe)/Submission attachment(s)/hw2.zip": ZIP,
            "HW2/Doe, Jane(jdoe)/Feedback Attachment(s)/hw2/layers.py": "wrong",
            "HW2/Doe, Jane(jdoe)/timestamp.txt": "20250303101213000",
            "HW2/Lee, Ann(alee)/timestamp.txt": "20250303101213000",
        }
    )
    assert list(found) == ["Doe, Jane", "Lee, Ann"]
    assert read_submission(found["Doe, Jane"], make_assignment()).missing == ()
    assert found["Lee, Ann"].origin.owners[0].login == "alee"


def test_ilias_folders(find):
    """Names, logins and numbers are read where all folders have them."""
    found = find({"Doe_Jane_jdoe_4711/20250303101213_hw2.zip": ZIP, "Lee_Ann_alee_4712/hw2.zip": ZIP})
    assert list(found) == ["Ann Lee", "Jane Doe"]
    assert found["Jane Doe"].origin.owners == (Owner("Jane Doe", "4711", login="jdoe"),)


def test_github_classroom_repositories(tmp_path, make_assignment, write_files):
    """Cloned repositories keep their names, and the part behind the assignment is the student's at GitHub."""
    folder = write_files(tmp_path / "hw2-submissions", {f"hw2-{who}/hw2/layers.py": "x = 1" for who in ("ann", "bo-c")})
    found = find_submissions(folder, make_assignment()).found
    assert [(one.name, one.origin.owners[0].login) for one in found] == [("hw2-ann", "ann"), ("hw2-bo-c", "bo-c")]


@pytest.mark.parametrize("inside", [True, False])
def test_the_download_itself_is_taken(tmp_path, make_assignment, inside):
    """A zip of everything is taken as it is, alone or in a folder."""
    file = tmp_path / "class" / "submissions.zip"
    file.parent.mkdir()
    file.write_bytes(pack({"doejane_100_9100_hw2.zip": ZIP, "leeann_101_9101_hw2.zip": ZIP}))
    found = find_submissions(file.parent if inside else file, make_assignment()).found
    assert [one.name for one in found] == ["doejane", "leeann"]
    assert all(read_submission(one, make_assignment()).missing == () for one in found)


def test_a_download_with_folders_of_moodle_is_taken(tmp_path, make_assignment):
    """The folders in a download are those of students; one student's own zip is no download."""
    file = tmp_path / "moodle.zip"
    file.write_bytes(pack({"Ann Lee_501_assignsubmission_file_/hw2.zip": ZIP}))
    assert [one.name for one in find_submissions(file, make_assignment()).found] == ["Ann Lee"]
    own = tmp_path / "ann.zip"
    own.write_bytes(ZIP)
    assert [one.name for one in find_submissions(own, make_assignment()).found] == ["ann"]


@pytest.mark.parametrize("name", ["../x_1_assignsubmission_file_a.zip", "/etc/x_1_assignsubmission_file_a.zip"])
def test_an_unsafe_download_is_refused(tmp_path, make_assignment, name):
    """A path that leads out of the download stops it before anything is written there."""
    file = tmp_path / "all.zip"
    file.write_bytes(pack({"y_2_assignsubmission_file_a.zip": ZIP, name: ZIP}))
    with pytest.raises(SubmissionError, match=r"`all.zip` was refused: its entry .* Download it again, or unpack it"):
        find_submissions(file, make_assignment())
    assert not (tmp_path.parent / "x_1_assignsubmission_file_a.zip").exists()


MARKED = {"annlee_12_345_hw.py": b"x", "bolee_13_346_hw.py": b"x"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evil.zip", pack({**MARKED, "../x.py": b"x"})),
        ("evil.zip", pack({**MARKED, "/etc/x.py": b"x"})),
        ("evil.zip", pack(MARKED).replace(b"PK\x03\x04", b"PK\x03\x05")),
        ("evil.tar", tar_of({**MARKED, "../x.py": b"x"})),
    ],
)
def test_one_students_archive_that_looks_like_a_class_stops_nobody(find, make_assignment, name, content):
    """Among others, an archive with the marks of two students and a fault is a submission that can't be read."""
    found = find({"ann.zip": ZIP, "bo.zip": ZIP, name: content})
    assert list(found) == ["ann", "bo", "evil"]
    with pytest.raises(SubmissionError):
        read_submission(found["evil"], make_assignment())


def test_a_report_beside_a_zip_of_one_name_is_no_submission(find):
    """Without an LMS, entries that differ in their suffixes only are one student's."""
    assert list(find({"alice.pdf": b"%PDF", "alice.zip": ZIP, "bob.zip": ZIP})) == ["alice", "bob"]


def test_two_versions_in_one_students_folder(find, make_assignment):
    """Folders called old and final are versions, not students."""
    old = {f"alice/a old/{path}": "raise NotImplementedError\n" for path in CODE}
    new = {f"alice/final version/{path}": text for path, text in CODE.items()}
    found = find(old | new | {f"bob/{path}": text for path, text in CODE.items()})
    assert list(found) == ["alice", "bob"]
    submission = read_submission(found["alice"], make_assignment())
    assert submission.files["hw2/layers.py"] == CODE["hw2/layers.py"].encode()
    assert submission.notes[0] == "Several packages: `final version/` was graded, not `a old/`: nothing was done there."


def test_results_below_the_submissions_are_no_student(find, tmp_path):
    """Neither the results folder that is named nor one of another run is a submission."""
    marks = {f"{folder}/{name}": "" for folder in ("other", "results") for name in ("run.sqlite", ".run.lock")}
    students = {f"{who}/{path}": text for who in ("ann", "bo") for path, text in CODE.items()}
    assert list(find(marks | students)) == ["ann", "bo"]
    assert list(find({"plain/run.sqlite": ""}, results=tmp_path / "class" / "plain")) == ["ann", "bo"]


def test_nothing_gradable_is_an_error(tmp_path, make_assignment, write_files):
    """A folder with nothing that could be what is asked for is the wrong folder, not a student with no points."""
    folder = write_files(tmp_path / "class", {"notes.pdf": b"%PDF", "sub/picture.png": b""})
    with pytest.raises(SubmissionError, match=r"`class` holds nothing that can be graded.*Found: `notes.pdf`"):
        find_submissions(folder, make_assignment())


def test_a_class_of_loose_notebooks(tmp_path, make_assignment, write_files):
    """One Canvas notebook beside another student's report is two students."""
    files = {"doejane_1_2_hw.ipynb": '{"cells": []}', "leeann_3_4_report.pdf": b"%PDF"}
    folder = write_files(tmp_path / "class", files)
    found = find_submissions(folder, make_assignment(SubmissionKind.NOTEBOOK)).found
    assert [one.name for one in found] == ["doejane", "leeann"]


@pytest.mark.parametrize(
    "name", ["Ann Lee_501_assignsubmission_file_/hw2.zip", "Ann Lee_501_assignsubmission_file_hw2.zip"]
)
def test_one_upload_alone_keeps_its_name(tmp_path, make_assignment, write_files, name):
    """Given by itself an upload is the one submission, under the name that it has in its class."""
    folder = write_files(tmp_path / "class", {name: ZIP})
    path = folder / name.partition("/")[0]
    intake = find_submissions(path, make_assignment())
    assert [(one.name, one.origin.owners[0].number) for one in intake.found] == [("Ann Lee", "501")]
    assert intake.is_one(path)
    assert not intake.is_one(folder)


@pytest.mark.parametrize("name", ["all.tar.gz", "all.tgz", "all.tar"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_download_may_be_a_tar(tmp_path, make_assignment, name, inside):
    """A tar of a class is taken as a zip of it is, and is no submission of its own."""
    file = tmp_path / "class" / name
    file.parent.mkdir()
    packed = tar_of({"doejane_100_9100_hw2.zip": ZIP, "leeann_101_9101_hw2.zip": pack({})})
    file.write_bytes(gzip.decompress(packed) if name == "all.tar" else packed)
    found = find_submissions(file.parent if inside else file, make_assignment()).found
    assert [one.name for one in found] == ["doejane", "leeann"]


def test_a_link_in_a_tar_of_a_class_costs_its_student(tmp_path, make_assignment):
    """Nothing but plain files and folders is unpacked; what was left out is told, and stops nobody else."""
    file = tmp_path / "all.tar"
    with tarfile.open(file, "w") as archive:
        for name in ("a_1_2_hw2.zip", "b_2_3_x/layers.py"):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("c_3_4_hw2.zip")
        info.size, info.mtime = len(ZIP), 1 << 70
        archive.addfile(info, io.BytesIO(ZIP))
    intake = find_submissions(file, make_assignment())
    assert [one.name for one in intake.found] == ["a", "b_2_3_x", "c"]
    assert "a_1_2_hw2.zip (is no plain file)" in intake.ignored
    with pytest.raises(SubmissionError, match=r"`a_1_2_hw2.zip` is empty"):
        read_submission(intake.found[0], make_assignment())
    assert read_submission(intake.found[2], make_assignment()).missing == ()


def test_one_students_names_never_stop_the_class(tmp_path, make_assignment):
    """Names that are too long, doubled, both file and folder, or like a drive are changed; everybody is found."""
    mark = "Mal_504_assignsubmission_file_"
    names = (
        f"{mark}{'x' * 230}a.py",
        f"{mark}{'x' * 229}ba.py",
        f"{mark}b",
        f"{mark}b/c.py",
        f"{mark}/C:d.py",
        f"{mark}/C_d.py",
    )
    file = tmp_path / "all.zip"
    file.write_bytes(pack({**dict.fromkeys(names, b"x = 1"), "Ann_501_assignsubmission_file_hw2.zip": ZIP}))
    found = find_submissions(file, make_assignment()).found
    assert [one.name for one in found] == ["Ann", "Mal"]
    files = {part.path.name for part in found[1].parts if part.path.is_file()}
    assert len(files) == 4


def test_a_bomb_in_a_class_costs_its_student(tmp_path, make_assignment):
    """What unpacks to far more than it was is left out, and told."""
    file = tmp_path / "all.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mal_1_2_hw2.zip", bytes(30 << 20))
        archive.writestr("ann_2_3_hw2.zip", ZIP)
    intake = find_submissions(file, make_assignment())
    assert [one.name for one in intake.found] == ["ann", "mal"]
    assert intake.ignored == ("mal_1_2_hw2.zip (unpacks to over 200 times its size)",)


@pytest.mark.parametrize("cut", [200, -30])
def test_a_download_that_was_cut_off_is_never_half_a_class(tmp_path, make_assignment, cut):
    """A damaged tar is no class: it stops with an error when it is read."""
    file = tmp_path / "all.tar.gz"
    file.write_bytes(tar_of({f"{who}_{who}_1_hw2.zip": ZIP for who in ("11", "12", "13")})[:cut])
    (one,) = find_submissions(file, make_assignment()).found
    with pytest.raises(SubmissionError, match=r"damaged or was cut off"):
        read_submission(one, make_assignment())


def test_a_download_that_does_not_fit_is_refused(tmp_path, make_assignment, monkeypatch):
    """The disk and the number of entries are asked before anything is written."""
    file = tmp_path / "all.zip"
    file.write_bytes(pack({"doejane_100_9100_hw2.zip": ZIP, "leeann_101_9101_hw2.zip": ZIP}))
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("grader.submissions.downloads.shutil.disk_usage", lambda _: usage._replace(free=10))
        with pytest.raises(SubmissionError, match=r"does not fit on the disk of .*TMPDIR names another place"):
            find_submissions(file, make_assignment())
    monkeypatch.setattr("grader.submissions.downloads._MOST_BYTES", 10)
    with pytest.raises(SubmissionError, match=r"holds over 0 entries of 0 MiB, too much for one class"):
        find_submissions(file, make_assignment())


@pytest.mark.parametrize("top", ["", "class/"])
def test_a_zip_of_folders_that_no_lms_has_marked(tmp_path, make_assignment, top):
    """A zip given alone is what its folder would be: several students, or the versions of one."""
    file = tmp_path / "all.zip"
    file.write_bytes(pack({f"{top}{who}/{path}": text for who in ("ann", "bo") for path, text in CODE.items()}))
    assert [one.name for one in find_submissions(file, make_assignment()).found] == ["ann", "bo"]
    file.write_bytes(pack({f"{top}{who}/{path}": text for who in ("old", "new") for path, text in CODE.items()}))
    assert [one.path for one in find_submissions(file, make_assignment()).found] == [file]


@pytest.mark.parametrize("again", ["alice (1).zip", "alice(2).zip", "alice - Copy.zip", "Copy of Alice.zip"])
def test_what_was_downloaded_twice_is_one_students(find, make_assignment, again):
    """A copy that a browser has numbered is an attempt: the one written to last counts, and the other is named."""
    later = pack({**CODE, "hw2/layers.py": "def a(): return 3\n"}, (2025, 4, 1, 0, 0, 0))
    found = find({"alice.zip": ZIP, again: later, "bob.zip": ZIP})
    assert list(found) == ["alice", "bob"]
    submission = read_submission(found["alice"], make_assignment())
    assert submission.files["hw2/layers.py"] == b"def a(): return 3\n"
    assert f"`{again}/` was graded, not `alice.zip/`" in submission.notes[0]


@pytest.mark.parametrize("names", [("group (1)", "group (2)"), ("student-1", "student-2"), ("student", "student-1")])
def test_numbers_alone_make_nobody_the_same(find, names):
    """Only what stands beside the name without a number is a copy of it."""
    assert list(find({f"{name}.zip": ZIP for name in names})) == list(names)


def test_composed_letters_are_no_difference(find):
    """A report whose name a Mac has decomposed belongs to the folder of the same name."""
    mac = unicodedata.normalize("NFD", "Zoë")
    assert list(find({f"{mac}.pdf": b"%PDF", "Zoë.zip": ZIP, "bo.zip": ZIP})) == ["bo", mac]


@pytest.mark.parametrize("names", [("hw2-kit", "hw2-mine"), ("layers starter", "hw2 edited"), ("hw2-main", "old")])
def test_a_kit_beside_the_work_is_no_student(find, names):
    """Folders that are called as the assignment or a version of it are one student's."""
    files = {f"ann/{name}/{path}": text for name in names for path, text in CODE.items()}
    assert list(find(files | {f"bo/{path}": text for path, text in CODE.items()})) == ["ann", "bo"]


@pytest.mark.parametrize("files", [("run.sqlite", "results.json"), ("grades.csv", "scorecards/ann.html")])
def test_copies_of_results_are_no_student(find, files):
    """Results are known by what is in them, under whatever name, but never where code lies among them."""
    students = {f"{who}/{path}": text for who in ("ann", "bo") for path, text in CODE.items()}
    assert list(find(students | {f"my marks/{name}": "" for name in files})) == ["ann", "bo"]
    own = {f"cy/{name}": "" for name in files} | {f"cy/{path}": text for path, text in CODE.items()}
    assert list(find(own)) == ["ann", "bo", "cy"]


def test_too_many_archives_are_told(find, make_assignment):
    """Where the code may be in an archive that was not opened any more, the message says so."""
    many = {f"{number}.zip": pack({"a.txt": "x"}) for number in range(12)}
    found = find({"ann.zip": pack(many | {"hw2.zip": ZIP}), "bo.zip": ZIP})
    with pytest.raises(SubmissionError, match=r"holds over 8 archives.*Hand in the code only, in one archive"):
        read_submission(found["ann"], make_assignment())


def test_canvas_marks_late_hand_ins(tmp_path, write_files):
    """`_LATE_` in a name of Canvas is its mark, in each form of its names, and part of nobody's name."""
    names = ["leeann_LATE_1_10_hw.zip", "raybob_2_11_hw.zip", "ozcem_LATE_3_text.html", "anon_LATE_a1b2c_12_hw.zip"]
    folder = write_files(tmp_path, dict.fromkeys(names, "x"))
    uploads, rest = find_uploads(folder, sorted(folder.iterdir()))
    assert rest == []
    assert {one.student: one.origin.is_marked_late for one in uploads} == {
        "leeann": True,
        "raybob": False,
        "ozcem": True,
        "anon": True,
    }
