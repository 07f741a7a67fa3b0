"""Words for what a person gave for text answers, as exports for students say them.

`grader.export.moodle`, `gradescope` and `github` put them into their formats; `grader.export.final_points` decides
whether they count.
"""

from grader.answers.marks import manual_sum
from grader.export.final_points import FinalPoints
from grader.results.plain_text import number
from grader.results.verdict import Answer, SubmissionResult


def answers_told(result: SubmissionResult) -> tuple[Answer, ...]:
    """Return the answers; none as long as nobody has graded one, since there is nothing to say yet."""
    return result.answers if any(answer.given is not None for answer in result.answers) else ()


def in_words(answer: Answer) -> str:
    """Return what was given: `3 of 4`, `3 points` if the course doesn't say of how many, or that nothing was."""
    if answer.given is None:
        return "not graded yet"
    return f"{number(answer.given)} of {number(answer.points)}" if answer.points else f"{number(answer.given)} points"


def final_sum_in_words(result: SubmissionResult, final: FinalPoints) -> str:
    """Return the points of a submission, and what checks and answers gave where both count."""
    earned, of_answers = manual_sum(result), sum(answer.points for answer in result.answers)
    if not final.has_answers or not result.answers:
        return f"{number(result.points)} of {number(result.max_points)} points"
    return (
        f"{number(result.points + earned.points)} of {number(result.max_points + of_answers)} points: "
        f"{number(result.points)} of {number(result.max_points)} for the checks, "
        f"{number(earned.points)} of {number(of_answers)} for text answers"
    )
