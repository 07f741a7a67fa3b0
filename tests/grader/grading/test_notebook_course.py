"""Tests of notebooks from intake to verdict: the notebook mini course and what students hand in for it."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from grader.authoring.template import is_stale
from grader.courses.course import read_assignment
from grader.grading.grade import grade_all
from grader.grading.job import Job, Order
from grader.results.verdict import Status, Verdict
from grader.sandbox.outside.walls import Wall
from grader.submissions.submission import Found, read_submission

COURSE = Path(__file__).parents[1] / "sample_courses" / "notebook-mini"
NAME = "notebook_mini.ipynb"
SETUP = "import torch\nfrom torch import nn"
MLP = """\
class MLP(nn.Module):
    def __init__(self, input_size, num_classes, hidden_sizes):
        super().__init__()
        sizes = [input_size, *hidden_sizes, num_classes]
        layers = []
        for before, after in zip(sizes, sizes[1:]):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.layers(x)
"""
OPTIMIZER = """\
class SGDMomentum:
    def __init__(self, params, lr, momentum=0.9):
        self.params, self.lr, self.momentum = list(params), lr, momentum
        self.averages = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self):
        for p, average in zip(self.params, self.averages):
            average.mul_(self.momentum).add_(p.grad, alpha=1 - self.momentum)
            p -= self.lr * average
"""
CHECK_MLP, CHECK_OPTIMIZER = "# check-mlp\n!grader check", "# check-optimizer\n!grader check"
OTHER_MLP = "class MLP(nn.Module):\n    pass"
DOWNLOAD = "import urllib.request\ndata = urllib.request.urlopen('http://example.org').read()"


def notebook(*sources, **tree):
    cells = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for source in sources
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells} | tree).encode()


def good(*, setup=SETUP, mlp=MLP, optimizer=OPTIMIZER, more=()):
    return notebook(setup, mlp, CHECK_MLP, optimizer, CHECK_OPTIMIZER, *more)


@pytest.fixture(scope="session")
def assignment():
    """Return the notebook mini assignment."""
    return read_assignment(COURSE, "notebook-mini")


@pytest.fixture
def grade(assignment, grade_many, tmp_path):
    """Return a function that grades one notebook, or one dict of files."""

    def one(content, name=NAME):
        files = content if isinstance(content, dict) else {name: content}
        return grade_many(assignment, {"student": files}, folder=tmp_path)["student"]

    return one


def check(result, name):
    return next(check for task in result.tasks for check in task.checks if check.name == name)


def mlp_forward(result):
    return check(result, "test_mlp_forward")


def test_reference(grade):
    """The reference, a percent script, earns every point."""
    files = {"notebook_mini.py": (COURSE / "reference/notebook-mini/notebook_mini.py").read_bytes()}
    result = grade(files)
    assert (result.points, result.max_points, result.flags) == (10, 10, ())
    (note,) = result.notes
    assert note.startswith(
        "`MLP` is defined in cells 5 and 14: the checks above cell 14 (`mlp` and `optimizer`) use cell 5"
    )


def test_template(grade, assignment):
    """The students' notebook is up to date, earns nothing, and says what is to be written where."""
    folder = COURSE / "student_template" / "notebook-mini"
    assert is_stale(assignment, folder) == ()
    result = grade((folder / NAME).read_bytes())
    assert result.points == 0
    assert mlp_forward(result).verdict is Verdict.NOT_IMPLEMENTED
    assert mlp_forward(result).feedback.traceback[-1].file == "cell 5"


KERNEL_OF_R = b'"metadata": {"kernelspec": {"name": "ir", "language": "R"}}, "cells"'
OF_COLAB = b'"metadata": {"colab": {"provenance": []}, "widgets": {"x": {"state": {}}}}, "cells"'
WITH_HTML = b'"outputs": [{"output_type": "display_data", "data": {"text/html": "<script>"}}]'
ODD = {
    "plain": good(),
    "magics": good(setup=f"{SETUP}\n%matplotlib inline\n!pip install torch\n?print"),
    "drive mount": good(
        setup=f"from google.colab import drive\ndrive.mount('/content/drive')\n{SETUP}\n%cd /content/drive"
    ),
    "absolute paths": good(
        setup=f"{SETUP}\nimport os\nos.chdir('/content')\nos.makedirs('/content/x')\ntorch.load('/content/x.pt')"
    ),
    "input()": good(setup=f"{SETUP}\nname = input('Your name?')"),
    "get_ipython()": good(setup=f"{SETUP}\nget_ipython().run_line_magic('matplotlib', 'inline')\ndisplay(1)"),
    "top-level await": good(setup=f"{SETUP}\nimport asyncio\nawait asyncio.sleep(0)"),
    "tqdm.notebook": good(setup=f"{SETUP}\nfrom tqdm.notebook import tqdm\nfor i in tqdm(range(3)): pass"),
    "indented cell": good(mlp="    " + MLP.replace("\n", "\n    ")),
    "time magic": good(mlp=f"%%time\n{MLP}"),
    "commented raise": good(mlp=f"{MLP}\n# raise NotImplementedError"),
    "raise left in": good(mlp=f"{MLP}\nraise NotImplementedError"),
    "failing statement": good(mlp=f"{MLP}\nMLP(1, 2, []).unknown"),
    "other magics": good(more=["%%bash\nls /", "%run other.py", "%%html\n<script>alert(1)</script>"]),
    "syntax error": good(more=["def broken(:\n    pass"]),
    "loop": good(more=["while True:\n    pass"]),
    "training": good(
        more=["model = MLP(3, 2, [])\nfor epoch in range(10**9):\n    SGDMomentum(model.parameters(), 1).step()"]
    ),
    "blank cells": good(more=["", "   \n", "# nothing", "x ="]),
    "shadowed names": good(more=["torch = None\nlist = 3\nprint = 4"]),
    "below its check": notebook(SETUP, OPTIMIZER, CHECK_MLP, MLP, CHECK_OPTIMIZER),
    "out of order": notebook(MLP, SETUP, CHECK_MLP, OPTIMIZER),
    "foreign kernel": good().replace(b'"cells"', KERNEL_OF_R),
    "Colab": good().replace(b'"cells"', OF_COLAB),
    "BOM": b"\xef\xbb\xbf" + good(),
    "double ids": good().replace(b'"metadata": {}', b'"metadata": {}, "id": "same"'),
    "HTML in outputs": good().replace(b'"outputs": []', WITH_HTML),
}


@pytest.fixture(scope="module")
def odd(assignment, grade_many, tmp_path_factory):
    """Return the results of all odd notebooks, graded one after another."""
    return grade_many(
        assignment, {name: {NAME: content} for name, content in ODD.items()}, folder=tmp_path_factory.mktemp("odd")
    )


@pytest.mark.parametrize("name", ODD)
def test_all_points(odd, name):
    """What is odd about a notebook costs nothing where the tasks are solved."""
    assert (odd[name].points, odd[name].status) == (10, Status.GRADED)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty (0 bytes)"),
        (b"<html>", "it is an HTML page"),
        (b'{"cells": 3}', "is JSON, but not a notebook"),
        (b'{"cells": [', "was cut off: it ends in the middle"),
    ],
)
def test_unreadable(grade, content, words):
    """A file that is no notebook is unreadable and says why."""
    result = grade(content)
    assert result.status is Status.UNREADABLE
    assert words in result.notes[0]


@pytest.mark.parametrize(
    ("content", "verdict", "words"),
    [
        (good(mlp=MLP.replace("class MLP", "class MLP_0")), Verdict.MISSING, "`MLP_0` (cell 2) looks like it"),
        (good(mlp=MLP.replace("class MLP", "class ImprovedMLP")), Verdict.MISSING, "`ImprovedMLP` (cell 2) looks"),
        (good(mlp=MLP.replace("class MLP", "class Net")), Verdict.MISSING, "`Net` (cell 2) looks like it"),
        (good(mlp=""), Verdict.MISSING, "Your notebook has no `MLP`: is it defined, and spelled"),
        (good(mlp=f"MLP = input({MLP!r})"), Verdict.MISSING, "only set in `cell 2`, line 1, which was stopped: "),
        (good(mlp=f"{MLP}  x = ((1"), Verdict.CRASHED, "`cell 2`, line 12, is not valid Python"),
        (good(mlp=MLP.replace("nn.Module", "pl.Module")), Verdict.CRASHED, "`cell 2`, line 1, raised `NameError"),
        (good(mlp=MLP.replace("return self", "return selv")), Verdict.CRASHED, "`cell 2`, line 11, raised `NameError"),
        (good(mlp="class MLP:\n    while True: pass"), Verdict.TIMED_OUT, "`cell 2`, line 1, it "),
        (good(mlp=MLP.replace("layers[:-1]", "layers")), Verdict.WRONG, "ReLU"),
        (good(mlp=MLP.replace("return self", "return hidden(self"). replace("(x)", "(x))"), more=["hidden = input()"]),
         Verdict.CRASHED, "`hidden` is only set in `cell 6`, line 1, which was not run: it stands below"),
    ],
)  # fmt: skip
def test_verdicts(grade, content, verdict, words):
    """A notebook that does not do what a task asks is told the cell, the line and the reason; other tasks count."""
    result = grade(content)
    assert mlp_forward(result).verdict is verdict
    assert words in mlp_forward(result).feedback.message
    assert result.points == 4


def test_definition_where_the_task_is_checked(grade):
    """A class that is written anew below its check cell does not change what the check looks at."""
    result = grade(good(more=[OTHER_MLP]))
    assert result.points == 10
    assert (
        "`MLP` is defined in cells 2 and 6: the checks above cell 6 (`mlp` and `optimizer`) use cell 2, all "
        "others the last one."
    ) in result.notes


def test_check_cell_is_gone(grade):
    """Without the check cell the last definition counts, and a note says so."""
    result = grade(notebook(SETUP, OTHER_MLP, MLP, OPTIMIZER))
    assert result.points == 10
    cells = "The cells `check-mlp`, `check-optimizer` are not in the notebook"
    assert f"{cells}, so for their tasks the last definition counts." in result.notes


def test_one_check_cell_is_gone(grade):
    """Of one check cell that is missing the task is told."""
    result = grade(notebook(SETUP, OTHER_MLP, MLP, OPTIMIZER, CHECK_OPTIMIZER))
    told = "The cell `check-mlp` is not in the notebook, so the last definition of each name counts for `The MLP`."
    assert (result.points, told in result.notes) == (10, True)


def test_forbidden_name(grade):
    """A forbidden name is found in its cell; a cell that is no Python does not hide it."""
    result = grade(good(more=["x = (1,", "import torch.optim as o\n\nsgd = o.SGD"]))
    feedback = check(result, "test_momentum_first_step").feedback
    assert feedback.message.startswith("`cell 7`, line 3, uses `torch.optim.*`")
    assert feedback.traceback[0].file == "cell 7"
    assert result.points == 6


def test_what_follows_from_training_is_not_told(grade):
    """A plot or a file that is missing only since nothing was trained or plotted is no note; another failure is."""
    training = "import torch\nw = torch.nn.Parameter(torch.ones(2))\nfit = w.sum().backward()"
    cells = [training, "print(fit)", "torch.load('best.pt')", "unknown(1)"]
    result = grade(good(more=cells))
    (note,) = [note for note in result.notes if "did not run" in note]
    assert note == (
        "cell 9, line 1, did not run: `NameError: name 'unknown' is not defined`. Such lines cost points only where a "
        "task needs what they would have defined."
    )


def test_what_follows_from_a_failure_is_not_told(grade):
    """Of a download that fails and all that would use it, the download is told; so are names that nothing defines."""
    cells = [f"{DOWNLOAD}\nparts = data[:3]\nfirst = parts[0]", "first + unknown", "unknown = other", "print(second)"]
    result = grade(good(more=cells))
    notes = [note.split(":")[0] for note in result.notes if "did not run" in note]
    assert notes == ["cell 6, line 2, did not run", "cell 8, line 1, did not run", "cell 9, line 1, did not run"]


def test_first_cause_is_told(grade):
    """Where a definition lacks what another failed to set, however indirectly, the first failure is told with it."""
    cells = ["width = int('ten')", "base = width", "half = base // 2"]
    result = grade(notebook(SETUP, *cells, f"class MLP(nn.Module):\n    size = half\n{MLP.partition(chr(10))[2]}"))
    message = mlp_forward(result).feedback.message
    assert "`cell 5`, line 2, raised `NameError: name 'half' is not defined" in message
    assert "(`width` is set in `cell 2`, line 1, which failed: `ValueError: invalid literal for int()" in message


def test_definitions_that_came_late_have_not_failed(grade):
    """Of cells out of order it is told once that a definition came late, not that it failed as well."""
    result = grade(good(more=["class B(A):\n    pass", "class A:\n    pass"]))
    (note,) = [note for note in result.notes if "cell 6" in note]
    assert note.startswith("`B` (cell 6) uses what is only defined further down")


def test_renamed(grade):
    """The only notebook is taken, whatever its name and folder."""
    result = grade({"final/My Copy (2).ipynb": good(), "final/data.csv": b"1"})
    assert result.points == 10
    assert any("`final/My Copy (2).ipynb` as `notebook_mini.ipynb`" in note for note in result.notes)


def test_several(grade):
    """Of several notebooks the one that is most like the reference is graded, and a note says which."""
    begun = json.loads((COURSE / "student_template/notebook-mini" / NAME).read_text())
    begun["cells"].append(json.loads(notebook("y = 2"))["cells"][0])  # untouched, it would not be the one worked on
    result = grade({"practice.ipynb": notebook("x = 1"), "work.ipynb": json.dumps(begun).encode()})
    assert any(
        "Several notebooks: `practice.ipynb`, `work.ipynb`. `work.ipynb` was graded" in note for note in result.notes
    )
    assert mlp_forward(result).verdict is Verdict.NOT_IMPLEMENTED


def test_named_one_of_several(grade):
    """Of several notebooks the one with the name asked for is graded."""
    result = grade({"notebook_mini (1).ipynb": good(), "other.ipynb": notebook("x = 1")})
    assert result.points == 10
    assert any("it has the name asked for" in note for note in result.notes)


def test_each_task_has_room_for_the_data(assignment, grade_many, tmp_path):
    """Data that fit into the memory of a submission once fit also where each task has a state of its own."""
    data = "import numpy as np\npixels = np.ones((50_000, 1_000))  # 381 MiB"
    mlp = MLP.replace("super().__init__()", "super().__init__(); assert pixels.size")
    optimizer = OPTIMIZER.replace("self.averages =", "assert pixels.size; self.averages =")
    content = good(setup=f"{SETUP}\n{data}", mlp=mlp, optimizer=optimizer)
    limited = replace(assignment, limits={**assignment.limits, "memory_mib": 1100, "import_s": 60})
    assert grade_many(limited, {"a": {NAME: content}}, folder=tmp_path)["a"].points == 10


def test_inline(assignment, grade_many, tmp_path):
    """A notebook can be checked in this process, so that breakpoints work."""

    result = grade_many(assignment, {"me": {NAME: good()}}, folder=tmp_path, wall=Wall.INLINE)["me"]
    assert result.points == 10


def test_fewer_tasks_read_the_whole_notebook(assignment, process_server, monkeypatch, tmp_path):
    """Where only some tasks are graded, the states of all are there: probes may use another task's."""
    monkeypatch.setattr("grader.grading.grade.start_server", lambda *_args, **_settings: nullcontext(process_server))
    (tmp_path / NAME).write_bytes(good())
    found, seen = Found("me", tmp_path), []

    def keep(result, digest):
        seen.append(([task.name for task in result.tasks], digest))

    order = Order(COURSE, assignment, wall="process", tasks=("optimizer",))
    grade_all(order, [Job(found)], report=keep)
    assert seen == [(["optimizer"], read_submission(found, assignment).digest)]


def test_a_look_at_some_checks_tells_nothing_of_the_whole(assignment, process_server, monkeypatch, tmp_path):
    """Where only checks are asked for, the rest of the notebook is neither run for its notes nor read for answers."""
    monkeypatch.setattr("grader.grading.grade.start_server", lambda *_args, **_settings: nullcontext(process_server))
    (tmp_path / NAME).write_bytes(good(more=["1 / 0"]))
    seen = []
    jobs = [Job(Found("me", tmp_path)), Job(Found("me", tmp_path), checks=("test_momentum_first_step",))]
    grade_all(Order(COURSE, assignment, wall="process"), jobs, report=lambda result, _digest: seen.append(result))
    assert any("did not run" in note for note in seen[0].notes)
    assert not any("did not run" in note for note in seen[1].notes)
    assert [len(result.answers) for result in seen] == [1, 0]


def test_answer(grade):
    """An answer in a text cell is on the result, for a person to grade; the question's own words are not."""
    question = "**Question 1.** Which of the two networks would you take, and why?"
    cell = {"cell_type": "markdown", "id": "q1", "metadata": {}, "source": f"{question}\n\nThe *second*."}
    tree = json.loads(good())
    tree["cells"].append(cell)
    (answer,) = grade(json.dumps(tree).encode()).answers
    assert (answer.text, answer.points) == ("The *second*.", 2.0)
    cell["source"] = question
    (answer,) = grade(json.dumps(tree | {"cells": [cell]}).encode()).answers
    assert (answer.text, answer.note) == ("", "Not answered.")


def test_execute(run_grader, tmp_path):
    """`grade --execute` keeps an executed copy of each notebook, links it from the scorecard and notes its errors."""
    (tmp_path / "alice.ipynb").write_bytes(good(more=["1 / 0"]))
    out = tmp_path / "out"
    options = ("--out", out, "--execute", "--wall", "process", "--jobs", "1")
    ended = run_grader("grade", "notebook-mini", tmp_path / "alice.ipynb", *options, cwd=COURSE)
    assert ended.returncode == 0, ended.stderr
    kept = json.loads((out / "notebooks" / "alice.ipynb").read_bytes())
    assert kept["cells"][5]["outputs"][0]["ename"] == "ZeroDivisionError"
    page = (out / "instructor" / "alice.html").read_text()
    assert 'href="../notebooks/alice.ipynb"' in page
    assert "cell 6 raised" in page
