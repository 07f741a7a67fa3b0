"""Uploads of the bundled courses as instructors report them, graded by the courses' own checks and exported.

Few tasks are graded: which files are read, and whose they are, does not depend on how many.
"""

import codecs
import csv
import json
import zipfile
from pathlib import Path

import pytest
from graded_uploads import grade_folders
from lms_samples import PDF
from upload_samples import pack

from grader.courses.course import read_assignment
from grader.results.verdict import Status
from grader.submissions.notebook_intake import convert_scripts
from grader.submissions.submission import read_reference

COURSE = Path(__file__).resolve().parents[3]
TASKS = ("linear", "vanilla-sgd")
FULL = 18.0
STUBS = "# nothing yet\n"


@pytest.fixture(scope="module")
def package():
    """Return the files of technion-hw2 that students hand in, done right."""
    files = read_reference(COURSE / "reference" / "technion-hw2")
    return {path: content for path, content in files.items() if path.startswith("hw2/")}


def locked(packed: bytes) -> bytes:
    """Return a zip that says of its entries that they need a password."""
    content = bytearray(packed)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)


def bzipped(folder: Path, files: dict[str, bytes]) -> bytes:
    """Return a zip whose entries are packed with bzip2."""
    path = folder / "bzip2.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path.read_bytes()


def below(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": content for path, content in files.items()}


def with_layers(package: dict[str, bytes], name: str, content: bytes) -> dict[str, bytes]:
    """Return the package with its layers under another name, or with other bytes."""
    return {path: own for path, own in package.items() if path != "hw2/layers.py"} | {name: content}


def odd_packages(package: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    right, layers = pack(package), package["hw2/layers.py"]
    browser = with_layers(package, "hw2/layers (1).py", layers)
    wide = with_layers(package, "hw2/layers.py", codecs.BOM_UTF16_LE + layers.decode().encode("utf-16-le"))
    return {
        "zip in zip.zip": pack({"hw2_final.zip": right}),
        "backslash.zip": pack({f"hw2_sub/{path}".replace("/", "\\"): content for path, content in package.items()}),
        "bzip2.zip": bzipped(folder, package),
        "locked.zip": locked(right),
        **below("browser", browser),
        **below("text", {f"{path}.txt": content for path, content in package.items()}),
        **below("wide", wide),
        **below("backup/a old", dict.fromkeys(package, STUBS.encode())),
        **below("backup/final version", package),
    }


def lms_trees(package: dict[str, bytes]) -> dict[str, tuple[str, dict[str, bytes]]]:
    right = pack(package)
    other = pack({**package, "hw2/layers.py": package["hw2/layers.py"] + b"\n# changed\n"})
    canvas = {"doejane_100_9100_hw2.zip": right, "leeann_101_9101_hw2.zip": right}
    moodle = {
        "Ann Lee_501_assignsubmission_file_report.pdf": PDF,
        "Ann Lee_501_assignsubmission_file_hw2.zip": right,
        "Bo Chen_502_assignsubmission_file_extra.zip": other,
        "Bo Chen_502_assignsubmission_file_hw2.zip": right,
        "Cy Diaz_503_assignsubmission_file_hw2.zip": right,
        "Cy Diaz_503_assignsubmission_onlinetext_onlinetext.html": b"<p>",
        "Di Evans_504_assignsubmission_file_answers.docx": b"PK",
        "Di Evans_504_assignsubmission_file_hw2.zip": right,
    }
    sakai = {"HW2/grades.csv": b"HW2,Points\n"}
    for who in ("Doe, Jane(jdoe)", "Lee, Ann(alee)"):
        sakai |= {f"HW2/{who}/timestamp.txt": b"2025", f"HW2/{who}/comments.txt": b""}
        sakai |= {f"HW2/{who}/Submission attachment(s)/hw2.zip": right}
    people = {1001: ("Ann Lee",), 1002: ("Bo Chen", "Cy Diaz"), 1003: ("Di Evans",)}
    lines = [
        f"submission_{number}:\n  :submitters:\n" + "".join(f"  - :name: {name}\n" for name in names)
        for number, names in people.items()
    ]
    gradescope = {"submission_metadata.yml": "".join(lines).encode()}
    for number in people:
        gradescope |= below(f"submission_{number}", package)
    return {
        "canvas": ("subs", {"doejane_100_9050_answers.pdf": PDF, **canvas}),
        "canvas zip": ("subs", {"submissions.zip": pack({**canvas, "smithjohn_102_9102_hw2.zip": right})}),
        "moodle": ("subs", moodle),
        "sakai": ("subs", sakai),
        "gradescope": ("subs", below("assignment_77_export", gradescope)),
    }


@pytest.fixture(scope="module")
def graded(package, grade_found, write_files, tmp_path_factory):
    """Return what each tree of packages came to, all graded in one session."""
    root = tmp_path_factory.mktemp("uploads")
    trees = {**lms_trees(package), "odd": ("class", odd_packages(package, root))}
    folders = {key: write_files(root / key / name, files) for key, (name, files) in trees.items()}
    return grade_folders(grade_found, read_assignment(COURSE, "technion-hw2"), folders, tasks=TASKS)


GRADEBOOK = (
    "Student,ID,SIS User ID,SIS Login ID,Integration ID,Section,HW1 (111)\n,,,,,,Manual Posting\n"
    '    Points Possible,,,,,,10\n"Doe, Jane",100,S100,jdoe@x.edu,,A and B,9\n"Lee, Ann",101,S101,alee@x.edu,,A,8\n'
    '"O\'Brien, Pat",102,S102,pobrien@x.edu,,A,8\n"Student, Test",999,,abcdef,,A,\n'
)
WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    + "".join(
        f"Participant {number},{name},{name[0]}@x,Submitted,-,18.00,Yes,x,-,\n"
        for number, name in ((501, "Ann Lee"), (502, "Bo Chen"), (503, "Cy Diaz"), (504, "Di Evans"))
    )
)
GRADESCOPE_PEOPLE = ("Ann,Lee", "Bo,Chen", "Cy,Diaz", "Di,Evans")
GRADESCOPE_ROSTERS = {
    "roster": "First Name,Last Name,SID,Email,Sections,hw2,hw2 - Max Points\n"
    + "".join(f"{name},300{place},{place}@x.edu,A,,5\n" for place, name in enumerate(GRADESCOPE_PEOPLE)),
    "grades": "First Name,Last Name,SID,Email,Sections,Total Score,Max Points,Status,Submission ID\n"
    + "".join(
        f"{name},300{place},{place}@x.edu,A,,5,Ungraded,{number}\n"
        for place, (name, number) in enumerate(zip(GRADESCOPE_PEOPLE, (1001, 1002, 1002, 1003), strict=True))
    ),
}


def test_a_report_beside_the_zip(graded, tmp_path):
    """Canvas's loose files are one submission a student, with full marks; who handed in nothing has no grade."""
    assert {name: result.points for name, result in graded["canvas"].results.items()} == {
        "doejane": FULL,
        "leeann": FULL,
    }
    rows = graded["canvas"].export(tmp_path, format="canvas", roster=GRADEBOOK)
    assert [row[5] for row in rows[2:]] == ["18", "18", "", ""]


def test_canvass_zip_in_a_folder(graded):
    """Every student in the download itself is found and graded."""
    results = graded["canvas zip"].results
    assert {name: result.points for name, result in results.items()} == dict.fromkeys(
        ("doejane", "leeann", "smithjohn"), FULL
    )


def test_moodle_without_folders(graded, tmp_path):
    """Reports and online texts are no rivals; two different packages are, and leave the grade empty."""
    rows = graded["moodle"].export(tmp_path, format="moodle", roster=WORKSHEET)
    assert {row[1]: row[4] for row in rows[1:]} == {"Ann Lee": "18", "Bo Chen": "", "Cy Diaz": "18", "Di Evans": "18"}
    status, _, notes = graded["moodle"].told("Bo Chen")
    assert status is Status.UNCLEAR
    assert "`extra.zip/`, `hw2.zip/` differ" in notes


def test_sakais_folders(graded):
    """What stands in the attachments is graded, for everybody."""
    assert {name: result.points for name, result in graded["sakai"].results.items()} == {
        "Doe, Jane": FULL,
        "Lee, Ann": FULL,
    }


@pytest.mark.parametrize("kind", sorted(GRADESCOPE_ROSTERS))
def test_gradescopes_export_and_its_lists(graded, tmp_path, kind):
    """Everybody of Gradescope's roster, and of its grades, is matched, and both members of a group."""
    rows = graded["gradescope"].export(tmp_path, format="csv", roster=GRADESCOPE_ROSTERS[kind])
    points = rows[0].index("points")
    assert [row[points] for row in rows[1:]] == ["18"] * 4


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("zip in zip", ""),
        ("backslash", "found in `hw2_sub/`"),
        ("browser", "`hw2/layers (1).py` as `layers.py`"),
        ("text", "`hw2/answers.py.txt` as `answers.py`"),
        ("wide", "Read `hw2/layers.py` from UTF-16"),
        ("backup", "`final version/` was graded, not `a old/`"),
    ],
)
def test_packages_with_one_meaning_get_full_marks(graded, name, note):
    """What can be meant in one way only is taken, and the note says what was taken."""
    status, points, notes = graded["odd"].told(name)
    assert (status, points) == (Status.GRADED, FULL)
    assert note in notes
    assert "missing" not in notes


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [("bzip2", "is packed with bzip2", "Pack"), ("locked", "password", "Pack the folder again without a password")],
)
def test_packages_that_cannot_be_opened(graded, name, what, remedy):
    """The message says what it is and what to do, and there are no points."""
    status, _, notes = graded["odd"].told(name)
    assert status is Status.UNREADABLE
    assert what in notes
    assert remedy in notes


def exported(notebook: bytes) -> str:
    """Return what `jupyter nbconvert --to script` makes of a notebook."""
    cells = [cell for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    return "#!/usr/bin/env python\n# coding: utf-8\n\n" + "".join(f"# In[ ]:\n\n\n{source}\n\n\n" for source in sources)


def test_notebooks_under_other_names(grade_found, write_files, tmp_path):
    """A notebook under another name, or as a script, has full marks; what is none says what it is."""
    assignment = read_assignment(COURSE, "uva-mlp")
    notebook = convert_scripts(read_reference(COURSE / "reference" / "uva-mlp"), assignment)["uva_mlp.ipynb"]
    files = {
        "text/uva_mlp.ipynb.txt": notebook,
        "script/uva_mlp.py": exported(notebook),
        "pointer/uva_mlp.ipynb": "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 123\n",
        "cut/uva_mlp.ipynb": notebook[: len(notebook) // 2],
    }
    folders = {"odd": write_files(tmp_path / "class", files)}
    odd = grade_folders(grade_found, assignment, folders, tasks=("mlp",))["odd"]
    assert odd.told("text")[:2] == (Status.GRADED, 20.0)
    assert odd.told("script")[:2] == (Status.GRADED, 20.0)
    assert "uva_mlp.ipynb.txt" in odd.told("text")[2]
    assert "which nbconvert made of a notebook" in odd.told("script")[2]
    for name, what in {"pointer": "Run `git lfs pull`", "cut": "was cut off"}.items():
        assert odd.told(name)[0] is Status.UNREADABLE
        assert what in odd.told(name)[2]


def test_a_class_that_changes_between_runs(tmp_path, package, write_files, call_grader):
    """Results below the submissions are no student, who left is marked, and all others stay as they were."""
    folder = write_files(tmp_path / "class", {f"{who}.zip": pack(package) for who in ("ann", "bob", "cy")})
    arguments = ("grade", "technion-hw2", folder, "--task", "linear", "--wall", "process", "-j", "1")
    assert call_grader(*arguments, "--out", folder / "results", cwd=COURSE).returncode == 0
    (folder / "bob.zip").unlink()
    ended = call_grader(*arguments, "--out", folder / "results", cwd=COURSE)
    assert ended.returncode == 0
    assert "1 submission is no longer there" in ended.stderr
    rows = csv.DictReader((folder / "results" / "grades.csv").open(encoding="utf-8"))
    assert {row["submission"]: (row["points"], row["status"]) for row in rows} == {
        "ann": ("12", "graded"),
        "bob": ("", "gone"),
        "cy": ("12", "graded"),
    }
