"""Tests of grader.grading.outcome: each way in which a student's code fails has a verdict and words to act on."""

import pytest

from grader.grading.outcome import ProbeFailed, explain_outcome
from grader.results.verdict import Verdict
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import CodeLine, Ending, ErrorReport, ProbeCall, ProbeOutcome

PROBES = b"""
import torch
from grader.probes import probe

@probe(needs=["student"])
def call(*, x):
    from student import solve
    return {"y": solve(x)}

@probe(needs=["student"])
def attribute(*, x):
    import student
    return {"y": student.solve(x)}

@probe(needs=["student"])
def layer(*, x):
    import student
    layer = student.Layer()
    return {"y": layer(x), "w": layer.w}

@probe(needs=["student"])
def gradient(*, x):
    import student
    student.solve(x).backward()
    return {}

@probe(needs=["student"])
def sum(*, x):
    import student
    return {"y": student.solve(x) + 1}

@probe(needs=["student"])
def product(*, x):
    import student
    return {"y": x @ student.Layer().w}

@probe(needs=["student"])
def library(*, x):
    import student
    return {"y": torch.relu(student.solve(x))}

@probe(needs=["student"])
def unpack(*, x):
    import student
    a, b = student.solve(x)
    return {}

@probe(needs=["pack.part"])
def packed(*, x):
    import pack.part
    return {}
"""
LIMITS = Limits(wall_s=0.5, import_s=1.0, cpu_s=5.0, memory_mib=1024)


@pytest.fixture
def explain(process_server):
    """Return a function that runs a probe on a student's file behind a real wall and explains how it ended."""
    import torch

    def explain(source, *, probe="call", file="student.py", limits=LIMITS):
        files = {file: source.encode()}
        with WalledSandbox(process_server, files=files, probes={"probes.py": PROBES}, limits=limits) as sandbox:
            outcome = sandbox.run(ProbeCall(probe, {"x": torch.ones(2)}))
        assert outcome.ending is not Ending.OK
        return explain_outcome(outcome)

    return explain


def test_a_stub_is_not_implemented(explain):
    """A stub's NotImplementedError is told as work to do, with the words that the stub gives."""
    verdict, feedback = explain('def solve(x):\n    raise NotImplementedError("your code here")\n')
    assert verdict is Verdict.NOT_IMPLEMENTED
    assert feedback.message == "Not implemented yet (`your code here`): replace the `raise NotImplementedError`."
    assert [(frame.file, frame.line) for frame in feedback.traceback] == [("student.py", 2)]


@pytest.mark.parametrize(
    ("source", "probe", "error"),
    [
        ("def solve(x):\n    pass\n", "sum", "TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'"),
        ("def solve(x):\n    return ...\n", "sum",
         "TypeError: unsupported operand type(s) for +: 'ellipsis' and 'int'"),
        ("def solve(x): ...\n", "gradient", "AttributeError: 'NoneType' object has no attribute 'backward'"),
        ("solve = None\n", "call", "TypeError: 'NoneType' object is not callable"),
        ("class Layer:\n    w = None\n    def __call__(self, x):\n        return x\n", "product",
         "TypeError: unsupported operand type(s) for @: 'Tensor' and 'NoneType'"),
        ("def solve(x):\n    pass\n", "library",
         "TypeError: relu(): argument 'input' (position 1) must be Tensor, not NoneType"),
        ("def solve(x):\n    pass\n", "unpack", "TypeError: cannot unpack non-iterable NoneType object"),
    ],
)  # fmt: skip
def test_what_is_left_blank_is_not_implemented(explain, source, probe, error):
    """Where a probe meets None, or `...`, instead of a value, the code is still to be written."""
    verdict, feedback = explain(source, probe=probe)
    assert verdict is Verdict.NOT_IMPLEMENTED
    assert feedback.message == f"Your code left `None` where a value is used (`{error}`). Is a `return` missing?"


def test_a_line_that_meets_a_blank_points_at_what_it_called(explain):
    """A line of the student's own that uses what a blank function returned crashes, with a word about the blank."""
    verdict, feedback = explain("def helper(x):\n    pass\ndef solve(x):\n    return helper(x).sum()\n")
    assert verdict is Verdict.CRASHED
    assert feedback.message == (
        "`student.py`, line 4, raised `AttributeError: 'NoneType' object has no attribute 'sum'`. "
        "What was called there gave `None`: is it still blank, or a `return` missing?"
    )


def test_a_module_without_forward_is_not_implemented(explain):
    """A torch module without forward is not implemented; no `raise` is spoken of, for there is none."""
    verdict, feedback = explain("import torch\nclass Layer(torch.nn.Module): pass\n", probe="layer")
    assert verdict is Verdict.NOT_IMPLEMENTED
    assert "Layer" in feedback.message
    assert "forward" in feedback.message
    assert "replace the" not in feedback.message


def test_what_torch_does_not_implement_is_a_crash(explain):
    """A NotImplementedError that torch raises in finished code is a crash with its line, not an open stub."""
    source = "import torch\ndef solve(x):\n    s = torch.eye(2).to_sparse()\n    return torch.sort(s)\n"
    verdict, feedback = explain(source)
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("`student.py`, line 4, raised `NotImplementedError: ")


@pytest.mark.parametrize(
    ("source", "probe", "words"),
    [
        ("", "call", "`student` has no `solve`: is it defined, and spelled as the assignment says?"),
        ("", "attribute", "`student` has no `solve`: is it defined, and spelled as the assignment says?"),
        ("", "layer", "`student` has no `Layer`: is it defined"),
        (
            "class Layer:\n    def __call__(self, x): return x\n",
            "layer",
            "A `Layer` object has no `w`: is it set or defined, and spelled as the assignment says?",
        ),
        (
            "import torch\nclass Layer(torch.nn.Module):\n    def forward(self, x): return x\n",
            "layer",
            "A `Layer` object has no `w`: is it set or defined",
        ),
        (
            "import abc\nclass B(abc.ABC):\n    @abc.abstractmethod\n    def step(self): ...\nclass Layer(B): pass\n",
            "layer",
            "`Layer` can't be constructed: it does not define step.",
        ),
    ],
)
def test_an_absent_name_is_missing(explain, source, probe, words):
    """A class, function, attribute or method that the probe asks for and that isn't there is `missing`, and named."""
    verdict, feedback = explain(source, probe=probe)
    assert verdict is Verdict.MISSING
    assert words in feedback.message


def test_an_absent_file_is_missing(explain):
    """A student's file that isn't there is `missing`, and its path is named."""
    verdict, feedback = explain("", probe="packed")
    assert verdict is Verdict.MISSING
    assert feedback.message == "`pack/part.py` is not in the submission, or its folder has another name."


def test_a_folder_without_the_file_is_missing(explain):
    """A package that lacks the module asked for is `missing` the same way."""
    verdict, feedback = explain("", probe="packed", file="pack/__init__.py")
    assert verdict is Verdict.MISSING
    assert feedback.message.startswith("`pack/part.py` is not in the submission")


def test_a_typing_error_inside_student_code_is_a_crash(explain):
    """An attribute that the student's own code asks for in vain is a crash in their line, not a missing name."""
    source = "import torch\nclass Layer(torch.nn.Module):\n    def forward(self, x):\n        return self.weigth * x\n"
    verdict, feedback = explain(source, probe="layer")
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("`student.py`, line 4, raised `AttributeError: 'Layer' object has no attribute")


def test_a_syntax_error_names_its_line(explain):
    """A syntax error is told with file and line, and that nothing in the file counts."""
    verdict, feedback = explain("def solve(x):\n    return (x\n")
    assert verdict is Verdict.CRASHED
    assert feedback.message == (
        "`student.py`, line 2, is not valid Python: '(' was never closed. Nothing in this file can be used."
    )
    assert feedback.traceback[-1].source == "return (x"


def test_a_syntax_error_of_what_the_code_reads_is_an_exception(explain):
    """Code that is sound and reads something that isn't raised an exception; the file as such can be used."""
    verdict, feedback = explain("import ast\ndef solve(x):\n    return ast.literal_eval('(1')\n")
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("`student.py`, line 3, raised `SyntaxError: '(' was never closed")


def test_an_import_of_something_absent_is_named(explain):
    """An import of a package that isn't installed is told with its name and what to do."""
    verdict, feedback = explain("import nowhere\n")
    assert verdict is Verdict.CRASHED
    assert feedback.message == (
        "`student` could not be imported (`student.py`, line 1): it imports `nowhere`, which is not there. "
        "Use what the course provides, or import it where it is used."
    )


def test_an_error_at_import_is_told_as_such(explain):
    """An exception while the module is imported names the module, the line and the exception."""
    verdict, feedback = explain("x = 1\ny = x / 0\n")
    assert verdict is Verdict.CRASHED
    assert feedback.message == (
        "`student` could not be imported (`student.py`, line 2): it raised `ZeroDivisionError: division by zero`."
    )


@pytest.mark.parametrize(
    ("source", "probe"),
    [
        ("def solve(): pass\n", "call"),
        ("class Layer:\n    def __init__(self, size): pass\n", "layer"),
        ("import torch\nclass Layer(torch.nn.Module):\n    def forward(self): pass\n", "layer"),
    ],
)
def test_a_wrong_signature_is_told_as_such(explain, source, probe):
    """A call that doesn't fit the student's signature is told as the signature's fault, also through nn.Module."""
    verdict, feedback = explain(source, probe=probe)
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("Your code could not be called as the assignment says: `TypeError: ")


@pytest.mark.parametrize("probe", ["gradient", "sum"])
def test_none_where_a_value_is_used_is_told(explain, probe):
    """A function that returns None where the probe goes on with the value is told so, as a stub that is left."""
    verdict, feedback = explain("def solve(x): pass\n", probe=probe)
    assert verdict is Verdict.NOT_IMPLEMENTED
    assert feedback.message.startswith("Your code left `None` where a value is used (`")
    assert feedback.message.endswith("Is a `return` missing?")


def test_a_result_of_another_type_is_told(explain):
    """A result that the probe can't go on with is told as such, not as a name that the student forgot."""
    verdict, feedback = explain("def solve(x): return [x]\n", probe="gradient")
    assert verdict is Verdict.CRASHED
    assert feedback.message == (
        "Using what your code returned failed: `AttributeError: 'list' object has no attribute 'backward'`."
    )


def test_a_result_without_a_gradient_is_told(explain):
    """An error that torch raises about the student's result names the error and blames no line of theirs."""
    verdict, feedback = explain("def solve(x): return x.sum()\n", probe="gradient")
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("Using what your code returned failed: `RuntimeError: element 0 of tensors does")


def test_leaving_the_program_is_told(explain):
    """SystemExit is a crash that says what was done instead of returning."""
    verdict, feedback = explain("def solve(x):\n    raise SystemExit(3)\n")
    assert (verdict, feedback.message) == (
        Verdict.CRASHED,
        "Your code left the program (`SystemExit: 3`) instead of returning.",
    )


def test_endless_recursion_is_told(explain):
    """RecursionError names the line that calls itself."""
    verdict, feedback = explain("def solve(x):\n    return solve(x)\n")
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("`student.py`, line 2, calls itself without end: `RecursionError: ")
    assert len(feedback.traceback) <= 50


def test_an_exception_is_told_with_its_line(explain):
    """Any other exception is a crash with the student's innermost line and only their frames."""
    source = "import torch\ndef helper(x):\n    return x @ torch.ones(5)\ndef solve(x):\n    return helper(x)\n"
    verdict, feedback = explain(source)
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("`student.py`, line 3, raised `RuntimeError: ")
    assert [frame.function for frame in feedback.traceback] == ["solve", "helper"]


def test_an_exception_without_words_is_named(explain):
    """An exception without a message is told by its type alone."""
    _verdict, feedback = explain("def solve(x):\n    raise KeyError\n")
    assert feedback.message == "`student.py`, line 2, raised `KeyError`."


def test_printed_text_is_kept(explain):
    """What the student's code printed before it failed is part of the feedback."""
    _verdict, feedback = explain('def solve(x):\n    print("so far")\n    1 / 0\n')
    assert feedback.output == "so far\n"


def test_a_killed_process_is_told(explain):
    """A process that a signal ends is a crash that names the signal."""
    verdict, feedback = explain("import os\ndef solve(x):\n    os.abort()\n")
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("Your code's process was ended by SIGABRT. Nothing came back")


def test_a_process_that_leaves_is_told(explain):
    """A process that ends by itself is a crash that names the exit status."""
    verdict, feedback = explain("import os\ndef solve(x):\n    os._exit(7)\n")
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("Your code's process left the process with exit status 7 before returning.")


def test_a_process_that_dies_at_import_is_told(explain):
    """A process that ends again and again while the student's module is imported is a crash that says so."""
    verdict, feedback = explain("import ctypes\n" + "ctypes.string_at(0)\n" * 6)
    assert verdict is Verdict.CRASHED
    assert feedback.message.startswith("Your code's process ended while its modules were imported.")


def test_an_endless_loop_is_told(explain):
    """A probe that runs too long is `timed_out` and says after how many seconds it was stopped."""
    verdict, feedback = explain("def solve(x):\n    while True: pass\n")
    assert verdict is Verdict.TIMED_OUT
    assert feedback.message == "Your code ran longer than 0.5 s and was stopped. Look for a loop that never ends."


def test_an_endless_import_is_told(explain):
    """An import that runs too long is `timed_out` and says that it was the import."""
    verdict, feedback = explain("while True: pass\n")
    assert verdict is Verdict.TIMED_OUT
    assert feedback.message == (
        "Your code ran longer than 1 s while it was imported and was stopped. Look for a loop that never ends."
    )


def test_memory_is_told(explain):
    """A probe that asks for too much memory is `out_of_memory`, with the limit and what to look for."""
    verdict, feedback = explain("import torch\ndef solve(x):\n    return torch.ones(1 << 40)\n")
    assert verdict is Verdict.OUT_OF_MEMORY
    assert feedback.message.startswith("Your code asked for more than 1024 MiB of memory. Look for tensors kept")


def test_the_graders_own_failure_is_not_the_students():
    """A sandbox that failed is `not_graded`, and the words take the blame and cost no points."""
    verdict, feedback = explain_outcome(ProbeOutcome(Ending.SANDBOX_FAILED, detail="the fork server has ended."))
    assert verdict is Verdict.NOT_GRADED
    assert feedback.message == (
        "The grader failed here, not your code: the fork server has ended. "
        "This check costs no points; the instructor is told."
    )


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending is not Ending.OK])
def test_every_ending_has_a_verdict(ending):
    """Every ending but `ok` becomes a verdict with a message, whatever else is absent."""
    report = ErrorReport("ValueError", "no", ("ValueError",)) if ending is Ending.RAISED else None
    verdict, feedback = explain_outcome(ProbeOutcome(ending, error=report))
    assert verdict is not Verdict.PASSED
    assert feedback.message


def test_an_error_without_frames_still_reads():
    """An exception that none of the student's lines raised is told as one about what they returned."""
    report = ErrorReport("ValueError", "no", ("ValueError",), raised_in="library")
    message = explain_outcome(ProbeOutcome(Ending.RAISED, error=report))[1].message
    assert message == "Using what your code returned failed: `ValueError: no`."


def test_probe_failed_carries_its_verdict():
    """ProbeFailed holds verdict and feedback, and reads as the feedback's message."""
    verdict, feedback = explain_outcome(
        ProbeOutcome(
            Ending.RAISED, error=ErrorReport("E", "m", ("E",), frames=(CodeLine("a.py", 1, "f", "x"),)), printed="p"
        )
    )
    failed = ProbeFailed(verdict, feedback)
    assert (failed.verdict, str(failed)) == (Verdict.CRASHED, "`a.py`, line 1, raised `E: m`.")
