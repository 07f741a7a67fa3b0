"""Collect the texts that a person grades: what students wrote into variables, read behind the wall and never judged.

`grader.grading.grade` puts them into the result; scorecards show them as Markdown.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch

from grader.courses.assignment import Assignment, Question, SubmissionKind
from grader.grading.answer_texts import is_blank
from grader.grading.notebook_answers import FoundAnswer, read_answer_cells
from grader.grading.opening import limits_of
from grader.notebooks.document import read_notebook, read_stripped
from grader.notebooks.plan import PLAN_FILE, read_plan
from grader.results.verdict import Answer
from grader.sandbox.inside.written_answers import MAX_TEXT
from grader.sandbox.wire.protocol import ANSWERS, Ending, ProbeCall, ProbeOutcome, Sandbox
from grader.submissions.submission import read_kit_template, reference_notebook

_NOT_READ = "It could not be read; look into the submission."


def read_answers(sandbox: Sandbox, assignment: Assignment, *, files: Mapping[str, bytes]) -> tuple[Answer, ...]:
    """Return the answer to each of the assignment's questions, in their order; mistakes in one don't affect others."""
    questions = written_questions(assignment)
    if not questions:
        return ()
    if assignment.handed_in.kind is SubmissionKind.NOTEBOOK:
        texts = _read_cells(assignment, files)
        found = {name: (answer.text, answer.place) for name, answer in texts.items()}
        return tuple(_answer(question, found[question.name]) for question in questions)
    outcome = _ask(sandbox, assignment, files, by_import=True)
    if outcome.ending is not Ending.OK:
        outcome = _ask(sandbox, assignment, files, by_import=False)
    rows = _read_rows(outcome)
    return tuple(_answer(question, rows.get(question.name)) for question in questions)


def written_questions(assignment: Assignment) -> tuple[Question, ...]:
    """Return the questions that are answered in words: of the others a person is shown what runs have left."""
    return tuple(question for question in assignment.questions if question.evidence is None)


def _read_cells(assignment: Assignment, files: Mapping[str, bytes]) -> dict[str, FoundAnswer]:
    """Return what a notebook says in answer to each question, by name."""
    questions = {question.name: question.cell for question in written_questions(assignment)}
    plan = files.get(PLAN_FILE)
    content = files.get(read_plan(plan).file) if plan is not None else None
    reference = reference_notebook(assignment)
    given = read_notebook(reference, name="the reference").cells if reference is not None else ()
    cells = read_stripped(content) if content is not None else ()
    kit = next((data for path, data in read_kit_template(assignment).items() if path.endswith(".ipynb")), None)
    blank = read_notebook(kit, name="the kit").cells if kit is not None else ()
    return read_answer_cells(cells, questions, given=given, blank=blank)


def _ask(sandbox: Sandbox, assignment: Assignment, files: Mapping[str, bytes], *, by_import: bool) -> ProbeOutcome:
    wanted: dict[str, list[str]] = {}
    for question in written_questions(assignment):
        wanted.setdefault(question.module, []).append(question.name)
    sources = {module: _source_of(module, files) for module in wanted}
    tensors = {module: torch.frombuffer(bytearray(data), dtype=torch.uint8) for module, data in sources.items() if data}
    inputs = {
        "modules": list(wanted),
        "names": list(wanted.values()),
        "sources": [tensors.get(module) for module in wanted],
        "by_import": by_import,
    }
    return sandbox.run(ProbeCall(ANSWERS, inputs, limits={"wall_s": limits_of(assignment).import_s}))


def _source_of(module: str, files: Mapping[str, bytes]) -> bytes:
    path = module.replace(".", "/")
    return files.get(f"{path}.py") or files.get(f"{path}/__init__.py") or b""


def _read_rows(outcome: ProbeOutcome) -> dict[str, tuple[str, str]]:
    """Return text and note by name, ignoring whatever else the sandbox sent."""
    rows = outcome.outputs.get("rows") if outcome.ending is Ending.OK else None
    found = {}
    for row in rows if isinstance(rows, list) else []:
        match row:
            case [str(name), str(text), str(note)]:
                found[name] = (text[:MAX_TEXT], note[:500])
    return found


def _answer(question: Question, found: tuple[str, str] | None) -> Answer:
    text, note = found or ("", _NOT_READ)
    answer = Answer(question.title, text, points=question.points, note=note, name=question.name)
    return replace(answer, text="", note=note or "Not answered.") if is_blank(text) else answer
