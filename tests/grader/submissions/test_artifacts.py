"""Tests of grader.submissions.artifacts: artifacts are found wherever they lie, each within a limit of its own."""

import io
import random
import tarfile
import zipfile

import pytest

from grader.errors import SubmissionError
from grader.submissions.contents import MIB, IntakeLimits
from grader.submissions.packing import pack_submission, read_packed_submission
from grader.submissions.submission import Found, find_submissions, read_submission

TOML = """\
title = "Artifacts"
[submission]
required = ["student.py"]
editable = ["student.py"]
[submission.artifacts]
weights = { path = "weights/best.pt", mib = 3 }
predictions = { path = "predictions.csv", mib = 0.001 }
[tasks.one]
title = "One"
points = 1
"""
CODE = b"x = 1\n"
BEST = "weights/best.pt"
RIGHT = b"w" * (2 * MIB)  # over what other weights may have
OVER = b"w" * (3 * MIB + 200_000)


@pytest.fixture(scope="module")
def assignment(make_course, read_tiny, tmp_path_factory):
    return read_tiny(make_course(tmp_path_factory.mktemp("course"), toml=TOML))


def _zip(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return packed.getvalue()


def _tar(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture(params=["folder", "zip", "tar"])
def hand_in(request, write_files, tmp_path, assignment):
    """Return a function that hands files in, in each of the forms that are read, and reads them."""

    def hand_in(files):
        if request.param == "folder":
            return read_submission(Found("ann", write_files(tmp_path / "ann", files)), assignment)
        name, pack = ("ann.zip", _zip) if request.param == "zip" else ("ann.tar.gz", _tar)
        write_files(tmp_path, {name: pack(files)})
        return read_submission(Found("ann", tmp_path / name), assignment)

    return hand_in


@pytest.mark.parametrize(
    ("path", "note"),
    [
        (BEST, ""),
        ("best.pt", "Read `best.pt` as `weights/best.pt`: hand in the files under the paths asked for."),
        ("Weights/Best.pt", "Read `Weights/Best.pt` as"),
        ("runs/7/best.pt", "Read `runs/7/best.pt` as"),
    ],
)
def test_an_artifact_is_read_where_it_lies(hand_in, path, note):
    """Weights of more than the ordinary 1 MiB are read, under their own path whatever folder they were put in."""
    found = hand_in({"student.py": CODE, path: RIGHT})
    assert found.files[BEST] == RIGHT
    assert sum(content == RIGHT for content in found.files.values()) == 1
    assert note in "\n".join(found.notes)
    assert not found.too_large


def test_other_weights_keep_the_ordinary_limit(hand_in):
    """A file that the assignment does not ask for may be no larger than before."""
    found = hand_in({"student.py": CODE, BEST: RIGHT, "weights/last.pt": RIGHT})
    assert sorted(found.files) == ["student.py", BEST]
    assert "Left out `weights/last.pt`: model weights over 1 MiB are not needed." in found.notes


def test_an_artifact_over_its_limit_is_left_out(hand_in):
    """What is over its own limit is left out, with its size and the limit, and the rest is read."""
    found = hand_in({"student.py": CODE, BEST: OVER, "predictions.csv": b"1\n" * 1000})
    assert sorted(found.files) == ["student.py"]
    assert found.too_large == {BEST: len(OVER), "predictions.csv": 2000}
    assert f"Left out `{BEST}`: it holds 3.2 MiB; at most 3 MiB are read." in found.notes
    assert "Left out `predictions.csv`: it is too large; at most 0.001 MiB are read." in found.notes


def test_two_gigabytes_are_never_read(write_files, tmp_path, assignment):
    """Weights of 2 GB are left out by their size; a sparse file shows that nobody reads them."""
    folder = write_files(tmp_path / "ann", {"student.py": CODE, BEST: b""})
    with (folder / BEST).open("wb") as file:
        file.truncate(2 << 30)
    found = read_submission(Found("ann", folder), assignment)
    assert found.too_large == {BEST: 2 << 30}
    assert f"Left out `{BEST}`: it holds 2,048.0 MiB; at most 3 MiB are read." in found.notes


def test_a_size_that_lies_is_found_out(tmp_path, write_files, assignment):
    """An archive in which weights declare fewer bytes than they have is refused as damaged."""
    data = bytearray(_zip({"student.py": CODE, BEST: OVER}))
    real, small = len(OVER).to_bytes(4, "little"), (100).to_bytes(4, "little")
    assert real in data
    write_files(tmp_path, {"ann.zip": bytes(data).replace(real, small)})
    with pytest.raises(SubmissionError, match=r"ann\.zip.* is damaged"):
        read_submission(Found("ann", tmp_path / "ann.zip"), assignment)


def test_several_that_differ_are_none(hand_in):
    """Of two files with the name and other contents none is taken, and the note names both."""
    found = hand_in({"student.py": CODE, "a/best.pt": b"1", "b/best.pt": b"2"})
    assert BEST not in found.files
    assert any("`a/best.pt`, `b/best.pt` differ. None is used." in note for note in found.notes)


def test_the_right_path_counts_before_others(hand_in):
    """Where the path itself is there, others of the name are not asked."""
    found = hand_in({"student.py": CODE, BEST: b"1", "old/best.pt": b"2"})
    assert found.files[BEST] == b"1"
    assert not any("unclear" in note for note in found.notes)


def test_bare_files_of_an_lms(write_files, tmp_path, assignment):
    """Files that Canvas puts side by side are one submission, its weights within their own limit."""
    folder = write_files(
        tmp_path / "class",
        {"ann_1_10_student.py": CODE, "ann_1_11_best.pt": RIGHT, "bob_2_12_student.py": CODE, "bob_2_13_best.pt": OVER},
    )
    ann, bob = (read_submission(one, assignment) for one in find_submissions(folder, assignment).found)
    assert ann.files[BEST] == RIGHT
    assert bob.too_large == {BEST: len(OVER)}
    assert any("`best.pt`: it holds 3.2 MiB" in note for note in bob.notes)


def test_artifacts_come_before_pictures(hand_in):
    """Where there is no room for all data, what is asked for is read first."""
    pictures = {f"img/{number}.png": b"p" for number in range(2100)}
    found = hand_in({"student.py": CODE, BEST: RIGHT, **pictures})
    assert found.files[BEST] == RIGHT
    assert len(found.files) == 2000


def test_the_path_asked_for_comes_before_copies(write_files, tmp_path, assignment):
    """Where there is no room for all files of the name, the one in the fewest folders is read first."""
    runs = {f"runs/{number}/best.pt": b"r" * (2 * MIB) for number in range(4)}
    folder = write_files(tmp_path / "ann", {"student.py": CODE, **runs, BEST: RIGHT})
    found = read_submission(Found("ann", folder), assignment, limits=IntakeLimits(total_bytes=2 * MIB))
    assert sorted(found.files) == ["runs/0/best.pt", "student.py", BEST]
    assert found.files[BEST] == RIGHT


def test_weights_beside_an_archive_of_the_code(write_files, tmp_path, assignment):
    """Weights that were handed in by themselves, beside one archive with the code, belong to the submission."""
    files = {"ann_1_10_hw.zip": _zip({"hw/student.py": CODE}), "ann_1_11_best.pt": RIGHT, "ann_1_12_photo.png": b"p"}
    (found,) = find_submissions(write_files(tmp_path / "class", files), assignment).found
    read = read_submission(found, assignment)
    assert (read.files["student.py"], read.files[BEST]) == (CODE, RIGHT)
    folder = write_files(tmp_path / "bob", {"hw.zip": _zip({"student.py": CODE}), "best.pt": RIGHT})
    assert sorted(read_submission(Found("bob", folder), assignment).files) == ["student.py", BEST]


def test_an_archive_in_an_archive_has_room_for_artifacts(write_files, tmp_path, make_course, read_tiny):
    """What may be handed in may also lie packed in an archive within an archive."""
    toml = TOML.replace("mib = 3", "mib = 60")
    wide = read_tiny(make_course(tmp_path / "course", toml=toml))
    best = random.Random(0).randbytes(60 * MIB)
    inner = _zip({"student.py": CODE, BEST: best, "plot.png": random.Random(1).randbytes(5 * MIB)})
    write_files(tmp_path, {"ann.zip": _zip({"hw/ann.zip": inner})})
    assert read_submission(Found("ann", tmp_path / "ann.zip"), wide).files[BEST] == best


def test_weights_of_two_gigabytes_in_a_tar(tmp_path, assignment):
    """In a tar, too, weights of 2 GB are told by their size, and the code beside them is graded."""
    info = tarfile.TarInfo(BEST)
    info.size = 2 << 30
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        code = tarfile.TarInfo("student.py")
        code.size = len(CODE)
        archive.addfile(code, io.BytesIO(CODE))
    with (tmp_path / "ann.tar").open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.seek(info.size, 1)
        file.write(tar.getvalue())
    found = read_submission(Found("ann", tmp_path / "ann.tar"), assignment)
    assert (found.files, found.too_large) == ({"student.py": CODE}, {BEST: 2 << 30})


def test_what_was_too_large_travels(write_files, tmp_path, assignment):
    """A submission that travels to another machine still says what was too large."""
    found = read_submission(Found("ann", write_files(tmp_path / "ann", {"student.py": CODE, BEST: OVER})), assignment)
    write_files(tmp_path, {"packed": pack_submission(found)})
    assert read_packed_submission(tmp_path / "packed").too_large == {BEST: len(OVER)}
