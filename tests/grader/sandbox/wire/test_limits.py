"""Promises of `grader.sandbox.wire.limits`: in forked children, since a lowered limit can't be raised again."""

import resource
import time

import pytest

from grader.sandbox.wire.limits import Limits, apply_to_probe, apply_to_submission, limits_from


def test_overrides():
    """Named limits replace the defaults, the others stay."""
    limits = limits_from({"wall_s": 1.5, "memory_mib": 100})
    assert (limits.wall_s, limits.memory_mib, limits.processes) == (1.5, 100, Limits().processes)


def test_unknown_limit():
    """An unknown limit is refused, with the known ones."""
    with pytest.raises(
        ValueError, match=r"unknown limit 'walls_s'; known: cpu_s, file_mib, gpu_mib, import_s, .*, wall_s"
    ):
        limits_from({"walls_s": 1})


def test_submission_limits(in_child):
    """Data, file size, open files and core dumps are bounded for good; processes only in a user namespace."""
    kinds = ("DATA", "FSIZE", "NOFILE", "CORE", "NPROC")

    def body(*, private_users):
        apply_to_submission(
            Limits(memory_mib=3000, file_mib=2, open_files=50, processes=44), private_users=private_users
        )
        return [resource.getrlimit(getattr(resource, f"RLIMIT_{kind}")) for kind in kinds]

    expected = [(3000 << 20,) * 2, (2 << 20,) * 2, (50, 50), (0, 0)]
    before = resource.getrlimit(resource.RLIMIT_NPROC)
    assert in_child(lambda: body(private_users=False)) == str([*expected, before])
    assert in_child(lambda: body(private_users=True)) == str([*expected, (44, 44)])


def test_limits_are_never_raised(in_child):
    """A hard limit that is already lower stays."""

    def body():
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        apply_to_submission(Limits(open_files=4000), private_users=False)
        return resource.getrlimit(resource.RLIMIT_NOFILE)

    assert in_child(body) == "(20, 20)"


def test_too_large_a_file(in_child, tmp_path):
    """A file over its limit can't be written."""

    def body():
        apply_to_submission(Limits(file_mib=1), private_users=False)
        with (tmp_path / "file").open("wb") as file:
            for _ in range(3):
                file.write(bytes(1 << 20))
                file.flush()

    assert in_child(body) == "OSError: [Errno 27] File too large"


def test_too_much_data(in_child):
    """Memory over the limit can't be had."""

    def body():
        apply_to_submission(Limits(memory_mib=2000), private_users=False)
        return len(bytearray(3000 << 20))

    assert in_child(body) == "MemoryError: "


def test_probe_limit_counts_from_now(in_child):
    """CPU time that was spent before a probe is not the probe's."""

    def body():
        while time.process_time() < 0.3:
            pass
        apply_to_probe(cpu_s=7)
        return resource.getrlimit(resource.RLIMIT_CPU)[1] - int(time.process_time() + 7)

    assert in_child(body) == "1"
