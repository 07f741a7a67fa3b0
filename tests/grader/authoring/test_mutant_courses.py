"""The mutant audit of one cheap task of a real course: the whole of all five is `make audit`."""

import json
from pathlib import Path

COURSE = Path(__file__).resolve().parents[3]


def test_no_mutant_of_a_real_task_is_missed(run_grader, tmp_path):
    """Twelve small faults in the initialization of Neuromatch, drawn with a seed: its checks tell them all."""
    command = ("audit", "neuromatch-deep-mlp", "--mutants", "12", "--only", "xavier", "--jobs", "2")
    ended = run_grader(*command, "--json", tmp_path / "figures.json", cwd=COURSE, timeout_s=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (figures,) = json.loads((tmp_path / "figures.json").read_text())["assignments"]
    assert figures["scores"] == {"xavier": {"caught": 12, "missed": 0, "declared": 0, "share": 1.0}}
    assert figures["unread"] == []


def test_a_task_that_nobody_knows_is_refused(run_grader):
    """The message offers one that is there."""
    ended = run_grader("audit", "neuromatch-deep-mlp", "--mutants", "1", "--only", "xaver", cwd=COURSE)
    assert ended.returncode == 2
    assert "has no task `xaver`. → Did you mean `xavier`?" in " ".join(ended.stderr.split())
