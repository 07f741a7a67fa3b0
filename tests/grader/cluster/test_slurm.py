"""Tests of grading on a real Slurm of one node, through dask-jobqueue."""

import pytest
from dask_site import stored, wait_until
from slurm_site import Slurm, find_missing

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(bool(find_missing()), reason=f"not installed here: {', '.join(find_missing())}"),
]
CONFIG = """\
jobs = 2
worker_ttl_s = 30

[slurm]
queue = "debug"
cores = 1
processes = 1
memory = "4GB"
walltime = "00:10:00"
interface = "lo"
job_directives_skip = ["--mem"]
local_directory = "{folder}"
log_directory = "{folder}"
shared_temp_directory = "{folder}"
"""


@pytest.fixture(scope="module")
def slurm():
    pytest.importorskip("dask_jobqueue", reason="the extra `cluster` is not installed")
    with Slurm() as running:
        yield running


@pytest.mark.slow
def test_grading_on_slurm(slurm, tiny_course, submissions, local_grades, start_grader, write_files, tmp_path):
    """A run on Slurm gives the local run's grades, though all its jobs are cancelled in the middle."""
    config = write_files(tmp_path, {"slurm.toml": CONFIG.format(folder=tmp_path / "jobs")}) / "slurm.toml"
    (tmp_path / "jobs").mkdir()
    out = tmp_path / "out"
    process = start_grader(
        "grade", "tiny", submissions, "-o", out, "--wall", "process",
        "--cluster", "slurm", "--cluster-config", config,
        cwd=tiny_course, environment=slurm.environment,
    )  # fmt: skip
    with process:
        wait_until(lambda: stored(out) >= 4 or process.poll() is not None, seconds=180)
        cancelled = slurm.running_jobs()
        slurm.call("scancel", *cancelled)
        _output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert cancelled, errors
    assert (out / "grades.csv").read_bytes() == local_grades
    assert len([line for line in errors.splitlines() if line.startswith("[")]) == 15
    wait_until(lambda: not slurm.call("squeue", "-h").strip(), seconds=60)
    assert not list((tmp_path / "jobs").glob("**/torchgrade-*"))


def test_a_job_that_can_t_be_submitted(slurm, tiny_course, submissions, run_grader, write_files, tmp_path):
    """Where Slurm refuses the jobs, the run stops at once with Slurm's own words."""
    text = CONFIG.format(folder=tmp_path).replace('"debug"', '"nowhere"')
    config = write_files(tmp_path, {"slurm.toml": text}) / "slurm.toml"
    ended = run_grader(
        "grade", "tiny", submissions, "-o", tmp_path / "out", "--wall", "process",
        "--cluster", "slurm", "--cluster-config", config,
        cwd=tiny_course, environment=slurm.environment,
    )  # fmt: skip
    assert ended.returncode == 3
    assert "The cluster could not be started:" in ended.stderr
    assert "invalid partition specified: nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr
