"""Promises of `grader.submissions.archives`, `archive_streams`, `folders`, `contents` and `paths`."""

import gzip
import io
import os
import random
import socket
import stat
import struct
import tarfile
import time
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import SubmissionError
from grader.submissions.archives import read_archive
from grader.submissions.contents import Contents, IntakeLimits
from grader.submissions.folders import read_folder
from grader.submissions.paths import find_path_fault, list_names, normalise, printable

LIMITS = IntakeLimits()
MIB = 1024 * 1024
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def make_zip(path: Path, entries: list[tuple[str | zipfile.ZipInfo, bytes]], **options) -> Path:
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def make_tar(path: Path, entries: list[tuple[str, bytes]], *, extra: tuple[tarfile.TarInfo, ...] = ()) -> Path:
    with tarfile.open(path, "w:gz" if path.suffix in {".gz", ".tgz"} else "w") as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return path


def odd_member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def read(path: Path, **limits: int) -> Contents:
    return read_archive(path, IntakeLimits(**limits))


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tgz", "a.tar", "really_a_tar.zip"])
def test_reads_files(tmp_path, name):
    """Zip and tar files are read by their content, whatever the suffix says."""
    entries = [("hw2/layers.py", b"x = 1\r\n"), ("./hw2//data 🎈\n.json", b"\xef\xbb\xbf{}")]
    path = tmp_path / name
    if name == "a.zip":
        make_zip(path, entries, compression=zipfile.ZIP_DEFLATED)
    else:
        make_tar(path, entries)
    assert read(path).files == {"hw2/layers.py": b"x = 1\r\n", "hw2/data 🎈\n.json": b"\xef\xbb\xbf{}"}


UNSAFE = ["../x.py", "a/../../x.py", "/etc/passwd", "C:/x.py", "C:x.py", "a\\..\\x.py", "__MACOSX/../../x"]


@pytest.mark.parametrize("make", [make_zip, make_tar])
@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_paths(tmp_path, make, name):
    """An entry that may lead out of its folder refuses the whole archive and is named, even among junk."""
    path = make(tmp_path / ("a.zip" if make is make_zip else "a.tar.gz"), [("hw2/layers.py", b""), (name, b"")])
    with pytest.raises(SubmissionError, match=r"was refused: its entry `.*` (leads out|is an abs|names a|has a b)"):
        read(path)
    assert list(tmp_path.iterdir()) == [path]


def test_zip_nul(tmp_path):
    """A NUL in a zip entry's name refuses the archive: zipfile would cut the name there."""
    path = make_zip(tmp_path / "a.zip", [("hw2/ab.py", b"")])
    path.write_bytes(path.read_bytes().replace(b"ab.py", b"a\0.py"))
    with pytest.raises(SubmissionError, match=r"a�\.py` has a NUL"):
        read(path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFCHR, "is not a plain"), (stat.S_IFIFO, "is not a p")],
)
def test_zip_links(tmp_path, kind, words):
    """A link or device in a zip refuses it and is named."""
    info = zipfile.ZipInfo("hw2/layers.py")
    info.external_attr = (kind | 0o777) << 16
    path = make_zip(tmp_path / "a.zip", [(info, b"/etc/passwd")])
    with pytest.raises(SubmissionError, match=rf"entry `hw2/layers.py` {words}"):
        read(path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "is a link"),
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.CHRTYPE, "is not a plain file"),
        (tarfile.BLKTYPE, "is not a plain file"),
        (tarfile.FIFOTYPE, "is not a plain file"),
    ],
)
def test_tar_links(tmp_path, kind, words):
    """A link, device or fifo in a tar refuses it and is named."""
    extra = odd_member("hw2/x.py", kind, "/etc/passwd")
    path = make_tar(tmp_path / "a.tgz", [("hw2/a.py", b"")], extra=(extra,))
    with pytest.raises(SubmissionError, match=rf"entry `hw2/x.py` {words}"):
        read(path)


def test_junk_is_dropped(tmp_path):
    """Caches, version control, Finder files and environments are dropped silently, with the links in them."""
    junk = [
        "__MACOSX/._a.py",
        ".git/config",
        "hw2/__pycache__/a.pyc",
        ".DS_Store",
        "node_modules/a/b.js",
        "hw2/b.pyc",
    ]
    junk += ["env/pyvenv.cfg", "env/lib/torch.py", ".ipynb_checkpoints/a.ipynb", "a/Thumbs.db"]
    link = odd_member("env/bin/python", tarfile.SYMTYPE, "/usr/bin/python")
    path = make_tar(tmp_path / "a.tgz", [(name, b"x") for name in ["hw2/a.py", *junk]], extra=(link,))
    assert read(path) == Contents({"hw2/a.py": b"x"})


def test_weights_and_archives_are_noted(tmp_path):
    """Large weights and nested archives are left out with a note, small weights stay."""
    entries = [("big.pt", b"x" * (MIB + 1)), ("small.pth", b"x"), ("old.zip", b"PK"), ("a.py", b"")]
    contents = read(make_zip(tmp_path / "a.zip", entries))
    assert set(contents.files) == {"small.pth", "a.py"}
    assert contents.archives == ("old.zip",)
    assert contents.notes == (
        "Left out `old.zip`: archives inside a submission are not opened.",
        "Left out `big.pt`: model weights over 1 MiB are not needed.",
    )


def test_large_file_is_left_out(tmp_path):
    """A file over the limit is left out with a note, the others are read."""
    path = make_zip(tmp_path / "a.zip", [("a.py", b"x"), ("data.bin", os.urandom(MIB + 1))])
    contents = read(path, file_bytes=MIB)
    assert contents == Contents({"a.py": b"x"}, notes=("Left out `data.bin`: files over 1 MiB are not read.",))


def test_total_is_bounded(tmp_path):
    """Over the total size code is refused while it is read, and data is left out with a note."""
    path = make_tar(tmp_path / "a.tar", [(f"{number}.py", b"x" * MIB) for number in range(4)])
    with pytest.raises(SubmissionError, match=r"holds over 3 MiB\. Hand in the code only"):
        read(path, total_bytes=3 * MIB)
    path = make_tar(tmp_path / "b.tar", [(f"{number}.bin", b"x" * MIB) for number in range(4)])
    contents = read(path, total_bytes=3 * MIB)
    assert (len(contents.files), len(contents.notes)) == (3, 1)


def test_number_of_files_is_bounded(tmp_path):
    """Over the number of files the fullest folder is named."""
    path = make_zip(tmp_path / "a.zip", [(f"data/{number}.txt", b"") for number in range(9)] + [("a.py", b"")])
    with pytest.raises(SubmissionError, match=r"holds over 5 files, 9 of them in `data/`"):
        read(path, files=5)


def test_number_of_entries_is_bounded(tmp_path):
    """Junk counts against the number of entries."""
    path = make_tar(tmp_path / "a.tgz", [(f".git/{number}", b"") for number in range(20)])
    with pytest.raises(SubmissionError, match=r"`a.tgz` holds over 10 entries"):
        read(path, entries=10)


@pytest.mark.parametrize(
    ("name", "words"),
    [("a/" * 30 + "x.py", "is over 16 folders deep"), ("a" * 500, "has a path of over 400 bytes")],
)
def test_paths_are_bounded(tmp_path, name, words):
    """Paths too deep or too long refuse the archive."""
    with pytest.raises(SubmissionError, match=words):
        read(make_zip(tmp_path / "a.zip", [(name, b"")]))


def test_zip_bomb(tmp_path):
    """An entry that unpacks to far more than its size is refused as a bomb."""
    path = make_zip(tmp_path / "a.zip", [("a.py", bytes(15 * MIB))], compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(SubmissionError, match=r"`a.py` unpacks to over 200 times its size .*compression bomb"):
        read(path)


def test_tar_bomb(tmp_path):
    """A gzipped tar that unpacks to far more than its size is refused, even where the bulk is junk."""
    path = make_tar(tmp_path / "a.tgz", [(".git/x", bytes(15 * MIB)), ("a.py", b"")])
    with pytest.raises(SubmissionError, match=r"`a.tgz` unpacks to over 200 times"):
        read(path)


def test_tar_stream_is_bounded(tmp_path):
    """A gzipped tar is cut off at a bound that holds for junk too."""
    path = make_tar(tmp_path / "a.tgz", [(".git/x", bytes(3 * MIB)), ("a.py", b"")])
    with pytest.raises(SubmissionError, match=r"`a.tgz` unpacks to over 2 MiB"):
        read(path, unpacked_bytes=2 * MIB)


def test_a_plain_tar_may_hold_what_nobody_reads(tmp_path):
    """In a tar that is not packed, a file of gigabytes is passed over without being read, and what follows is found."""
    path = tmp_path / "a.tar"
    info = tarfile.TarInfo("data.bin")
    info.size = 5 << 30
    rest = make_tar(tmp_path / "rest.tar", [("a.py", b"x = 1\n")]).read_bytes()
    with path.open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.seek(info.size, 1)
        file.write(rest)
    started = time.monotonic()
    contents = read(path)
    assert time.monotonic() - started < 5
    assert contents.files == {"a.py": b"x = 1\n"}
    assert contents.notes == ("Left out `data.bin`: files over 20 MiB are not read.",)
    os.truncate(path, 5 << 30)
    with pytest.raises(
        SubmissionError, match=r"is damaged or was cut off during the upload \(unexpected end of data\)"
    ):
        read(path)


def test_tar_header_is_bounded(tmp_path):
    """A header that declares gigabytes is refused before they are read."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 4 * 1024 * MIB
    path = tmp_path / "a.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    with pytest.raises(SubmissionError, match=r"A header in `a.tar` declares 4,096 MiB"):
        read(path)


def test_zip_table_is_bounded(tmp_path):
    """A zip's table of contents is refused when it is longer than an honest one."""
    path = make_zip(tmp_path / "a.zip", [(f"{number:0100}.py", b"") for number in range(100)])
    with pytest.raises(SubmissionError, match=r"table of contents is over 0 MiB"):
        read(path, header_bytes=1000)


def test_declared_size_lies(tmp_path):
    """A zip entry that holds more than it declares is refused as damaged, not believed."""
    path = make_zip(tmp_path / "a.zip", [("a.py", b"x" * 5000)], compression=zipfile.ZIP_DEFLATED)
    path.write_bytes(path.read_bytes().replace(struct.pack("<L", 5000), struct.pack("<L", 50)))
    with pytest.raises(SubmissionError, match=r"is damaged or was cut off.*Bad CRC"):
        read(path)


def test_encrypted(tmp_path):
    """An encrypted zip is refused in words."""
    path = make_zip(tmp_path / "a.zip", [("a.py", b"x")])
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(SubmissionError, match=r"its entry `a.py` is encrypted"):
        read(path)


@pytest.mark.parametrize(("method", "name"), [(zipfile.ZIP_LZMA, "LZMA"), (zipfile.ZIP_BZIP2, "bzip2")])
def test_compression_method(tmp_path, method, name):
    """A compression method other than deflate is refused in words."""
    path = make_zip(tmp_path / "a.zip", [("a.py", b"x" * 100)], compression=method)
    with pytest.raises(SubmissionError, match=rf"is packed with {name}, which can't be read"):
        read(path)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_truncated(tmp_path, name, part):
    """An archive that was cut off is refused, never read in part."""
    entries = [(f"hw2/{number}.py", random.Random(number).randbytes(3000)) for number in range(8)]
    path = (make_zip if name == "a.zip" else make_tar)(tmp_path / name, entries)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part * (0.9 if name == "a.tar" else 1))])
    with pytest.raises(SubmissionError, match=r"is damaged or was cut off during the upload.*Pack the folder again"):
        read(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"`a.zip` is empty"),
        (b"hello", r"`a.zip` is not a zip archive"),
        (b"Rar!\x1a\x07", r"`a.zip` is a RAR archive, which can't be read"),
        (b"7z\xbc\xaf\x27\x1c", r"`a.zip` is a 7-Zip archive"),
        (b"PK\x03\x04rubbish", r"`a.zip` is damaged"),
        (b"\x1f\x8brubbish", r"`a.zip` is damaged"),
    ],
)
def test_no_archive(tmp_path, content, words):
    """A file that is no archive is refused with what it is and what to do."""
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(SubmissionError, match=words + r".*Pack the folder again"):
        read(path)


def test_vanished(tmp_path):
    """A file that can't be opened is refused with the reason."""
    with pytest.raises(SubmissionError, match=r"`a.zip` can't be read: No such file"):
        read(tmp_path / "a.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_duplicates(tmp_path, make):
    """Of two entries with one name the last wins, with a note."""
    path = make(tmp_path / "a.zip", [("a.py", b"1"), ("b.py", b""), ("./a.py", b"2"), ("a.py", b"3")])
    contents = read(path)
    assert contents.files["a.py"] == b"3"
    assert contents.notes == ("The archive holds `a.py` more than once; the last one was used.",)


def test_file_and_folder(tmp_path):
    """A name that is both file and folder refuses the archive: it could not be written out."""
    with pytest.raises(SubmissionError, match=r"`hw2` is both a file and a folder"):
        read(make_zip(tmp_path / "a.zip", [("hw2", b""), ("hw2/a.py", b"")]))


def test_macos_zip_names(tmp_path):
    """UTF-8 names without the flag that says so, as macOS writes them, are read as UTF-8."""
    path = make_zip(tmp_path / "a.zip", [("xxxxbung/a.py", b"")])
    path.write_bytes(path.read_bytes().replace(b"xxxxbung", "U\u0308_bung".encode()))
    assert list(read(path).files) == ["U\u0308_bung/a.py"]


def test_tar_name_not_utf8(tmp_path):
    """A name that is not UTF-8 is left out with a note that can be printed."""
    contents = read(make_tar(tmp_path / "a.tar", [("a\udcff.py", b""), ("b.py", b"")]))
    assert set(contents.files) == {"b.py"}
    assert contents.notes == ("Left out `a�.py`: the name is not valid UTF-8.",)


def test_sparse_and_rubbish_after_end(tmp_path):
    """A tar whose next header is rubbish is refused, although tarfile takes it for the end."""
    path = make_tar(tmp_path / "a.tar", [("a.py", b"x" * 512)])
    content = bytearray(path.read_bytes())
    content[1024:1536] = b"r" * 512
    path.write_bytes(content)
    with pytest.raises(SubmissionError, match=r"is damaged"):
        read(path)


@SETTINGS
@given(data=st.data())
def test_mutated_archives_never_crash(tmp_path, data):
    """Whatever bytes change, an archive is read or refused, and nothing else happens."""
    entries = [("hw2/layers.py", b"x = 1\n" * 50), ("hw2/b/c.json", b"{}")]
    name = data.draw(st.sampled_from(["a.zip", "a.tgz", "a.tar"]))
    path = (make_zip if name == "a.zip" else make_tar)(tmp_path / name, entries)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    names, refusal = try_reading(path)
    assert refusal.isprintable()
    assert_inside(names)


PIECES = st.sampled_from(["..", ".", "", "/", "\\", "C:", "a", "hw2", "x.py", " ", "\n", "..a", "…", "\u202e"])


@SETTINGS
@given(pieces=st.lists(PIECES, min_size=1, max_size=8), glue=st.sampled_from(["/", "", "\\"]))
def test_no_entry_leaves_the_folder(tmp_path, pieces, glue):
    """No path that is accepted resolves outside of the folder it would be written to."""
    name = glue.join(pieces)
    path = make_tar(tmp_path / "a.tar", [(name, b"")])
    assert_inside(try_reading(path)[0])


@SETTINGS
@given(name=st.text(max_size=40))
def test_any_name_in_a_zip(tmp_path, name):
    """Any name in a zip is read into a safe path or refused in printable words."""
    try:
        path = make_zip(tmp_path / "a.zip", [(name or "x", b"")])
    except (UnicodeEncodeError, IndexError):
        return
    names, refusal = try_reading(path)
    assert not any(letter in refusal for letter in "\n\r\x1b\u202e")
    assert_inside(names)


def try_reading(path: Path) -> tuple[list[str], str]:
    try:
        return list(read(path).files), ""
    except SubmissionError as err:
        return [], str(err)


def assert_inside(names) -> None:
    root = "/srv/submission"
    for name in names:
        assert os.path.normpath(f"{root}/{name}") == f"{root}/{name}"
        assert "\\" not in name
        assert not PurePosixPath(name).is_absolute()


def test_path_fault():
    """A harmless path has no fault, even with odd letters."""
    assert find_path_fault("hw2/..a/b c\n🎈.py") == ""


def test_normalise():
    """Dots and doubled slashes are dropped."""
    assert normalise("./hw2//./layers.py") == "hw2/layers.py"


def test_printable():
    """Control characters, lone surrogates and direction marks are replaced, letters and emoji stay."""
    assert printable("a\nb\x1b[0m\udcff\u202eé🎈") == "a�b�[0m��é🎈"


def test_list_names():
    """A list of names is sorted and ends in a count."""
    assert list_names(["c", "a", "b"], most=2) == "`a`, `b` and 1 more"


def test_folder_reads_files(tmp_path):
    """A folder's files are read with POSIX paths, junk and environments dropped."""
    for name in ("hw2/layers.py", "hw2/__pycache__/x.pyc", ".git/config", "env/pyvenv.cfg", "env/lib/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert read_folder(tmp_path, LIMITS) == Contents({"hw2/layers.py": b"x"})


def test_folder_links(tmp_path):
    """Links in a folder are not followed but noted, whether they lead to a file, a folder or nowhere."""
    (tmp_path / "a.py").touch()
    for name, target in (("secret.py", "/etc/passwd"), ("root", "/"), ("nowhere", "nothing"), ("self", ".")):
        (tmp_path / name).symlink_to(target)
    contents = read_folder(tmp_path, LIMITS)
    assert set(contents.files) == {"a.py"}
    assert contents.notes == ("Left out `nowhere`, `root`, `secret.py`, `self`: links are not followed.",)


def test_folder_fifo_and_socket(tmp_path):
    """A fifo or socket in a folder is noted and does not block."""
    os.mkfifo(tmp_path / "fifo.py")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tmp_path / "socket"))
        assert read_folder(tmp_path, LIMITS) == Contents({}, notes=("Left out `fifo.py`, `socket`: not a plain file.",))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_unreadable(tmp_path):
    """A file and a folder without read permission are noted."""
    (tmp_path / "a.py").touch(mode=0)
    (tmp_path / "b").mkdir(mode=0)
    assert read_folder(tmp_path, LIMITS).notes == ("Left out `a.py`, `b/`: can't be read (Permission denied).",)


def test_folder_file_vanishes(tmp_path, monkeypatch):
    """A file that can't be opened is noted with the reason."""
    (tmp_path / "a.py").touch()

    def refuse(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("grader.submissions.folders.os.open", refuse)
    assert read_folder(tmp_path, LIMITS) == Contents({}, ("Left out `a.py`: can't be read (Permission denied).",))


def test_folder_odd_names(tmp_path):
    """Spaces, newlines and emoji are kept, a name that is not UTF-8 is left out with a printable note."""
    for name in (b"a b.py", b"c\nd.py", "🎈.py".encode(), b"e\xff.py"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    contents = read_folder(tmp_path, LIMITS)
    assert set(contents.files) == {"a b.py", "c\nd.py", "🎈.py"}
    assert contents.notes == ("Left out `e�.py`: the name is not valid UTF-8.",)


def test_folder_depth(tmp_path):
    """Folders beyond the depth are left out with a note."""
    deep = tmp_path / "a/b/c/d"
    deep.mkdir(parents=True)
    (deep / "x.py").touch()
    contents = read_folder(tmp_path, IntakeLimits(depth=3))
    assert contents.notes[0].startswith("Left out `a/b/c`: over 3 folders deep")


def test_folder_entries_are_bounded(tmp_path):
    """A folder with too many entries is refused."""
    for number in range(8):
        (tmp_path / f"{number}.py").touch()
    with pytest.raises(SubmissionError, match=r"holds over 5 files and folders\. Hand in the code only"):
        read_folder(tmp_path, IntakeLimits(entries=5))


def test_gzip_of_no_tar(tmp_path):
    """A gzip file that holds no tar is refused as damaged."""
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(b"hello" * 1000))
    with pytest.raises(SubmissionError, match=r"is damaged"):
        read(path)


def test_deep_header_chain(tmp_path):
    """Thousands of headers that each announce another one are refused, not a crash."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1
    path = tmp_path / "a.tar"
    path.write_bytes((info.tobuf(tarfile.GNU_FORMAT) + b"x" + bytes(511)) * 3000)
    with pytest.raises(SubmissionError, match=r"is damaged"):
        read(path)
