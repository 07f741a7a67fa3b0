"""Tests of grader.grading.source_lines."""

from grader.grading.source_lines import with_surroundings
from grader.results.verdict import CheckResult, Feedback, Frame, Verdict

FILE = b"".join(b"    line %d\n" % i for i in range(1, 11))


def _frames(*frames, files):
    check = CheckResult("a", "A", "a", Verdict.CRASHED, feedback=Feedback(traceback=frames))
    return with_surroundings(check, files=files).feedback.traceback


def test_a_line_is_shown_among_its_neighbours():
    """Up to three lines stand before and after, fewer at a file's ends; the line keeps its indentation."""
    (frame,) = _frames(Frame("a.py", 5, "f", "line 5"), files={"a.py": FILE})
    assert frame.source == "    line 5"
    assert [line.strip() for line in frame.before] == ["line 2", "line 3", "line 4"]
    assert [line.strip() for line in frame.after] == ["line 6", "line 7", "line 8"]
    (frame,) = _frames(Frame("a.py", 1, "f", "line 1"), files={"a.py": FILE})
    assert (frame.before, len(frame.after)) == ((), 3)


def test_a_frame_that_does_not_fit_its_file_stays():
    """Lines of another file, beyond the end, or other than what the file holds get no neighbours."""
    frames = [
        Frame("b.py", 5, "f", "line 5"),
        Frame("a.py", 99, "f", "line 5"),
        Frame("a.py", 0, "f", "line 5"),
        Frame("a.py", 5, "f", "import os"),
        Frame("a.py", 5, "f", ""),
        Frame("../../etc/passwd", 1, "f", "root"),
    ]
    assert [_frames(frame, files={"a.py": FILE}) for frame in frames] == [(frame,) for frame in frames]


def test_only_the_innermost_frames_have_neighbours():
    """Of many frames the last three are shown at length, and long lines are cut."""
    frames = _frames(*(Frame("a.py", i, "f", f"line {i}") for i in range(1, 7)), files={"a.py": FILE})
    assert [bool(frame.after) for frame in frames] == [False] * 3 + [True] * 3
    (frame,) = _frames(Frame("a.py", 1, "f", "x"), files={"a.py": b"x" * 9999 + b"\n" + b"y" * 9999})
    assert (len(frame.source), len(frame.after[0])) == (200, 200)


def test_a_check_without_frames_is_returned_as_it_is():
    """Nothing is read where there is no traceback."""
    check = CheckResult("a", "A", "a", Verdict.PASSED)
    assert with_surroundings(check, files={}) is check
