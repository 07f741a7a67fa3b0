"""Fixtures of the cluster's tests: a tiny course, what a local run makes of it, real schedulers and workers."""

import pytest


@pytest.fixture(scope="session")
def tiny_course(make_course, tmp_path_factory):
    from dask_site import CHECKS, TOML

    return make_course(tmp_path_factory.mktemp("course"), toml=TOML, checks=CHECKS)


@pytest.fixture(scope="session")
def submissions(write_files, tmp_path_factory):
    """Return a folder of submissions: right, wrong, slow, hostile and unreadable ones."""
    from dask_site import SUBMISSIONS

    folder = write_files(tmp_path_factory.mktemp("submissions"), SUBMISSIONS)
    (folder / "Ann Example" / "linked.py").symlink_to("/etc/hostname")
    return folder


@pytest.fixture(scope="session")
def local_grades(tiny_course, submissions, run_grader, tmp_path_factory):
    """Return the bytes of grades.csv as an undisturbed local run writes them."""
    out = tmp_path_factory.mktemp("local")
    ended = run_grader("grade", "tiny", submissions, "-o", out, "--wall", "process", "-j", "2", cwd=tiny_course)
    assert ended.returncode == 0, ended.stderr
    return (out / "grades.csv").read_bytes()


@pytest.fixture
def site(tmp_path):
    from dask_site import Site

    (tmp_path / "site").mkdir()
    site = Site(tmp_path / "site")
    yield site
    site.end()
