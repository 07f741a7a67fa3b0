"""What a person is told where a check passed only in processes of its own.

`grader.grading.grade` repeats the checks and adds the flags.
"""

from collections.abc import Mapping

from grader.results.verdict import CheckResult, Verdict

_SAID = (Verdict.WRONG, Verdict.CRASHED, Verdict.NOT_IMPLEMENTED)  # the others may be a matter of time or memory


def flag_repeated(results: Mapping[str, CheckResult], doubted: Mapping[str, CheckResult]) -> dict[str, tuple[str, ...]]:
    """Return a sentence, by task, where checks passed only when no other probe had run before in their process.

    `doubted` are the results from a process in which others had run.
    """
    titles: dict[str, list[str]] = {}
    for name, before in doubted.items():
        if before.verdict in _SAID and name in results and results[name].verdict is Verdict.PASSED:
            titles.setdefault(before.task, []).append(f"“{before.title}”")
    return {
        task: (
            f"Task `{task}`: {', '.join(named)} did not pass after other checks, and passed in a process "
            "of its own, which counts: the code keeps something from one call to the next.",
        )
        for task, named in titles.items()
    }
