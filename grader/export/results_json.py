"""Writes `results.json`: everything that is known about a run, for other programs.

The shape is that of `grader.results.verdict`, with the points of every check added by `grader.results.shares`.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grader.results.atomic import replace_file
from grader.results.cost import cost_of, cost_of_task
from grader.results.earned import earned_in, earned_points, is_ungraded
from grader.results.results_file import RunInfo, as_plain
from grader.results.shares import shares
from grader.results.verdict import SubmissionResult

SCHEMA_VERSION = 1

_SURROGATE = re.compile("[\ud800-\udfff]")


def write_results_json(path: Path, run: RunInfo, *, results: Iterable[SubmissionResult]) -> None:
    """Write the run and its results, sorted by submission, as indented JSON in UTF-8."""
    submissions = [_submission(result) for result in sorted(results, key=lambda result: result.submission)]
    told = {name: value for name, value in as_plain(run).items() if name != "key"}
    document = {"schema_version": SCHEMA_VERSION, "run": told, "submissions": submissions}
    text = json.dumps(document, ensure_ascii=False, indent=1)
    replace_file(path, _SURROGATE.sub("\ufffd", text) + "\n")


def _submission(result: SubmissionResult) -> dict[str, Any]:
    plain = as_plain(result)
    earned = earned_points(result)
    plain |= {"points": earned, "percent": None if earned is None else round(result.percent, 2)}
    plain["cost"] = asdict(cost_of(result))
    for task, plain_task in zip(result.tasks, plain["tasks"], strict=True):
        plain_task["cost"] = asdict(cost_of_task(task))
        plain_task["points"] = None if is_ungraded(result) else earned_in(task)
        for share, plain_check in zip(shares(task), plain_task["checks"], strict=True):
            plain_check["points"] = share.points
            plain_check["max_points"] = share.max_points
    return plain
