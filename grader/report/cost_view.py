"""What a submission cost, in the words of the instructor's pages.

`grader.report.pages` and `grader.report.class_page` show them; `grader.results.cost` adds the figures up.
"""

from grader.results.cost import Cost, cost_of, cost_of_task, dearest_tasks
from grader.results.verdict import SubmissionResult

_WORTH_A_WORD_S = 1.0


def cost_words(result: SubmissionResult) -> str:
    """Say what a submission's own code cost and on which tasks most of it went, "" where that is next to nothing."""
    cost = cost_of(result)
    if cost.cpu_s + cost.waited_s < _WORTH_A_WORD_S:
        return ""
    dear = ", ".join(f"{task.title} {_figures(cost_of_task(task))}" for task in dearest_tasks(result))
    memory = f", at most {cost.peak_mib:.0f} MiB of memory" if cost.peak_mib else ""
    remark = waiting_words(cost)
    return f"The code took {_figures(cost)}{memory}; dearest: {dear}.{f' It {remark}.' if remark else ''}"


def waiting_words(cost: Cost) -> str:
    """Say that code mostly slept or waited, "" where it did not, or not for long."""
    if not cost.is_mostly_waiting or cost.waited_s < _WORTH_A_WORD_S:
        return ""
    return f"slept or waited for {cost.waited_s:.0f} s of that"


def _figures(cost: Cost) -> str:
    """Return the seconds in which code computed, and those in which it waited where these are many."""
    computed = f"{cost.cpu_s:.1f} s CPU"
    return f"{computed} and {cost.waited_s:.1f} s of waiting" if cost.waited_s >= _WORTH_A_WORD_S else computed
