"""Tests of grader.cluster.choice and grader.cluster.engines: options that can't be used are told at once."""

import asyncio

import pytest

pytest.importorskip("dask_jobqueue", reason="the extra `cluster` is not installed")

from grader.cluster import choice as choice_module
from grader.cluster.choice import ClusterChoice, choose_cluster
from grader.cluster.engines import default_processes, open_cluster
from grader.errors import CourseError, SandboxError, UsageError

SLURM = """\
jobs = 3
worker_ttl_s = 20
tls = false
resources = { GPU = 1 }
[slurm]
queue = "gpu"
cores = 2
processes = 2
memory = "8GB"
[pbs]
queue = "other"
"""


def _file(tmp_path, text):
    (tmp_path / "cluster.toml").write_text(text)
    return tmp_path / "cluster.toml"


def test_a_file_for_several_engines(tmp_path):
    """One file holds what is common, and a table for each engine; the chosen one's counts."""
    chosen = choose_cluster("slurm", _file(tmp_path, SLURM))
    assert chosen == ClusterChoice(
        "slurm",
        jobs=3,
        worker_ttl_s=20.0,
        tls=False,
        resources={"GPU": 1.0},
        options={"queue": "gpu", "cores": 2, "processes": 2, "memory": "8GB"},
    )
    assert choose_cluster("pbs", tmp_path / "cluster.toml").options == {"queue": "other"}


def test_a_running_scheduler_needs_no_file():
    """An address alone names a scheduler that runs; it is nobody's to start or end."""
    chosen = choose_cluster("tcp://host:8786", None)
    assert (chosen.engine, chosen.address, chosen.is_running) == ("scheduler", "tcp://host:8786", True)
    assert not choose_cluster("local", None).is_running


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("slrum", "There is no cluster 'slrum'. Choose one of local, tcp://HOST:PORT, tls://HOST:PORT, htcondor, lsf"),
        ("slurm", "`--cluster slurm` needs a file that says what to ask slurm for. Write one with a table [slurm]"),
    ],
)
def test_a_cluster_that_nobody_knows(name, words):
    """Unknown names, and queues without a file, are refused with what to write."""
    with pytest.raises(UsageError) as raised:
        choose_cluster(name, None)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("job = 3", "`job` is not a key that is known here. Did you mean `jobs`?"),
        ("jobs = 0", "`jobs` is 0. It is how many jobs to ask for: a whole number above zero."),
        ("jobs = 1.5", "`jobs` is 1.5. It is how many jobs"),
        ("worker_ttl_s = 0", "`worker_ttl_s` is 0. It is a number of seconds above zero."),
        ("[certificates]\nkeys = 'x'", "`certificates.keys` is not a key that is known here. Did you mean `key`?"),
        ("jobs = ", "is not valid TOML"),
    ],
)
def test_a_faulty_file_is_refused(tmp_path, text, words):
    """Every fault names the file, the key and what to write instead."""
    with pytest.raises(CourseError) as raised:
        choose_cluster("slurm", _file(tmp_path, text))
    assert words in str(raised.value)
    assert "cluster.toml" in str(raised.value)


def test_without_dask_the_remedy_is_told(monkeypatch):
    """Where the extra is not installed, the words say what to install."""
    monkeypatch.setattr(choice_module.importlib.util, "find_spec", lambda name: None if name == "distributed" else name)
    with pytest.raises(SandboxError, match=r"needs distributed, which is not installed\. `pip install 'torchgrade\[cl"):
        choose_cluster("local", None)


def _open(chosen):
    async def opened():
        async with open_cluster(chosen, processes=1):
            raise AssertionError("it was started")

    asyncio.run(opened())


@pytest.mark.parametrize(
    ("engine", "options", "words"),
    [
        (
            "slurm",
            {"quue": "gpu"},
            "`quue` in --cluster-config is not an option of SLURMCluster. Did you mean `queue`?",
        ),
        (
            "slurm",
            {"n_workers": 3},
            "`n_workers` in --cluster-config is not an option of SLURMCluster. Say `jobs` at the",
        ),
        ("local", {"processes": False}, "The workers of a local cluster are always processes."),
        ("local", {"memory": "1GB"}, "`memory` in --cluster-config is not an option of LocalCluster."),
    ],
)
def test_an_option_that_the_class_does_not_know(engine, options, words):
    """Options are the class's own, by name: others are refused before anything is started."""
    with pytest.raises(UsageError) as raised:
        _open(ClusterChoice(engine, options=options))
    assert words in str(raised.value)


def test_jobs_are_submitted_where_there_is_the_command(monkeypatch, tmp_path):
    """Where the engine's own command is missing, the words say so."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="`bsub`, which submits jobs to lsf, is not on this machine"):
        _open(ClusterChoice("lsf", options={"cores": 1, "memory": "1GB"}))


def test_what_the_class_refuses_is_passed_on(monkeypatch, write_files, tmp_path):
    """Options that the class can't start with end in its own words."""
    write_files(tmp_path, {"sbatch": "#!/bin/sh\nexit 1\n"}).joinpath("sbatch").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="The cluster could not be started: You must specify how much cores"):
        _open(ClusterChoice("slurm", options={"queue": "x"}))


def test_a_local_cluster_has_no_more_workers_than_jobs():
    """One worker for one job, and never more than cores."""
    assert default_processes(1) == 1
    assert default_processes(0) == 1
    assert default_processes(10_000) >= 1
