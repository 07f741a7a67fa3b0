"""Tests of the small faults that mutants are made of: on the text, one at a time, and nothing that means the same."""

import ast

import pytest

from grader.authoring.mutation import Source, faults_in

HEAD = "def f(x, y, dim=0):\n    "


def _mutated(line):
    """Return what becomes of one line of a function of x, y and dim."""
    source = Source((HEAD + line).encode())
    return {edit.apply(source.source).decode().removeprefix(HEAD) for edit in faults_in(source, first=2, last=2)}


@pytest.mark.parametrize(
    ("line", "mutants"),
    [
        ("return x + 1", {"return x - 1", "return x + 2", "return x + 0", "return y + 1"}),
        ("z = (x) * (w)  # x * y", {"z = (x) / (w)  # x * y", "z = (y) * (w)  # x * y"}),
        ("z = w @ v", {"z = w * v"}),
        ("z = -w", {"z = (w)"}),
        ("z = w < v", {"z = w <= v", "z = w > v"}),
        ("z = w is  not v", {"z = w is v"}),
        ("z = w not in v", {"z = w in v"}),
        ("z = w and v", {"z = w or v"}),
        ("z += w", {"z -= w", "z = w", "pass"}),
        ("z = 0.5", {"z = 1.0"}),
        ("z = 'é' + w", {"z = 'é' - w"}),  # places are bytes, not letters
        ("z = w.sum(keepdim=True)", {"z = w.sum(keepdim=False)", "z = w.sum()", "z = w.mean(keepdim=True)", "z = w"}),
        ("z = (w + v).t()", {"z = (w - v).t()", "z = (w + v)"}),
        ("z = w.T", {"z = w"}),
        ("z = g(w, v)", {"z = g(v, w)"}),
        ("z = g(a=w, b=v)", {"z = g(b=v)", "z = g(a=w)"}),
        ("z = torch.zeros_like(w)", {"z = torch.ones_like(w)"}),
        ("w.add_(v)", {"w.sub_(v)", "w.add(v)", "pass"}),
        ("model.train()", {"model.eval()", "pass"}),
        ("self.z = w", {"pass"}),
        ("for z in range(w): break", {"for z in range(w - 1): break", "for z in range(w): pass"}),
        ("for z in w: continue", {"for z in list(w)[:-1]: continue", "for z in w: pass"}),
        ("z = w if v else u", {"z = w if (not (v)) else u", "z = (u if v else w)"}),
        ("with torch.no_grad(): pass", {"with torch.enable_grad(): pass"}),
        ("z = not w", {"z = (w)"}),
        ("z: int = True", {"z: int = False"}),  # annotations stay
        ('raise ValueError("x" + 1)', set()),  # words of errors stay
        ("z = f'{1 + 1}'", set()),
        ("z = 'text'", set()),
        ("z = w.to(v)", {"z = w"}),
        ("z = w.to(device)", set()),  # only a graphics card could tell
        ("z = torch.load(w, map_location=device)", set()),
        ("print(1 + w)", set()),  # so does what is only printed
        ("z = g(w, verbose=True)", set()),
        ("z = DataLoader(w, shuffle=False)", {"z = DataLoader(w, shuffle=True)"}),  # False is what it does without
        ("z = nn.Linear(w, v, bias=True)", {"z = nn.Linear(v, w, bias=True)", "z = nn.Linear(w, v, bias=False)"}),
        ("nn.init.zeros_(w)", {"pass"}),  # the name without `_` is an old one of the same
    ],
)  # fmt: skip
def test_each_fault_is_one_change_of_the_text(line, mutants):
    """All faults of a line are these; comments, brackets and letters beside them stay."""
    assert _mutated(line) == mutants


def test_only_the_asked_lines_are_changed():
    """Faults outside of a region are none of its own, nor are those of a statement that begins before it."""
    source = Source(b"a = 1\nb = 2\nc = (3 +\n 4)\n")
    assert {edit.apply(source.source) for edit in faults_in(source, first=2, last=2)} == {
        b"a = 1\nb = 3\nc = (3 +\n 4)\n",
        b"a = 1\nb = 1\nc = (3 +\n 4)\n",
    }
    assert [source.line_of(edit.start) for edit in faults_in(source, first=4, last=4)] == [4, 4]


def test_what_is_no_python_is_refused():
    """A source that can't be parsed has no faults of ours."""
    with pytest.raises(SyntaxError):
        Source(b"def")


def test_every_fault_is_python_and_something_else():
    """Whatever is made of this project's own code can be parsed, and its tree is another one."""
    text = ast.unparse(ast.parse("\n".join(f"def f{i}(a, b):\n    {line}" for i, line in enumerate(LINES)))).encode()
    source = Source(text)
    faults = [*faults_in(source, first=1, last=text.count(b"\n") + 1)]
    assert len(faults) > 3 * len(LINES)
    for edit in faults:
        assert ast.dump(ast.parse(edit.apply(text))) != ast.dump(source.tree), edit


LINES = (
    "return [x ** 2 for x in a if x > b and (not x)]",
    "return {k: (v // 2, ) for (k, v) in zip(a, b)}",
    "return a[1:, ::2].sum(dim=1, keepdim=True).view(-1, 1) @ b.T",
    "return (lambda q: q % 3 <= 1 < 2 != a)(b)",
    "a.b.c[0] *= -b.detach().mean() / (1 - 0.9 ** 2)",
    "return torch.softmax(a * (b + 1), dim=-1).max(dim=1)[0]",
)
