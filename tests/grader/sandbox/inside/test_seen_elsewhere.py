"""Tests of seen_elsewhere: where a definition was seen that could not count, and how it would."""

import pytest

from grader.notebooks.document import Cell, CellKind
from grader.sandbox.inside.seen_elsewhere import seen_elsewhere

MLP = "class MLP(nn.Module):\n    pass"
CASES = {
    "text": ((CellKind.MARKDOWN, MLP), "cell 2, a text cell (Markdown): nothing in it runs"),
    "fenced": ((CellKind.MARKDOWN, f"My network:\n```python\n{MLP}\n```"), "cell 2, a text cell (Markdown)"),
    "quoted": ((CellKind.MARKDOWN, "> class MLP(nn.Module):\n>     pass"), "cell 2, a text cell (Markdown)"),
    "raw": ((CellKind.RAW, MLP), "cell 2, a raw cell"),
    "function in text": ((CellKind.MARKDOWN, "def MLP(sizes):\n    pass"), "cell 2, a text cell (Markdown)"),
    "unknown magic": ((CellKind.CODE, f"%%magic -x\n{MLP}"), "cell 2 under `%%magic`"),
    "javascript": ((CellKind.CODE, f"%%javascript\n{MLP}"), "cell 2 under `%%javascript`"),
    "bash": ((CellKind.CODE, f"\n%%bash\n{MLP}"), "cell 2 under `%%bash`"),
    "written as a text": ((CellKind.CODE, f"%%writefile mlp.txt\n{MLP}"), "cell 2 under `%%writefile`"),
    "comments": ((CellKind.CODE, "# class MLP(nn.Module):\n#     pass"), "cell 2, in comments"),
    "file by %run": ((CellKind.CODE, "%run models.py"), "`models.py`, which cell 2 brings with `%run models.py`"),
    "file by %run without .py": ((CellKind.CODE, "%run models"), "which cell 2 brings with `%run models`"),
    "file by %load": ((CellKind.CODE, "%load models.py"), "which cell 2 brings with `%load models.py`"),
    "file by the shell": ((CellKind.CODE, "!python models.py"), "which cell 2 brings with `!python models.py`"),
    "file that nothing brings": ((CellKind.CODE, "x = 1"), "`models.py` beside the notebook, which does not import it"),
}


@pytest.mark.parametrize("case", CASES)
def test_seen(case, tmp_path):
    """A definition that can't count is told with its place, the reason and the remedy."""
    (kind, source), words = CASES[case]
    if "file" in case:
        (tmp_path / "models.py").write_text(f"from torch import nn\n\n\n{MLP}\n")
    told = seen_elsewhere("MLP", [Cell(1, CellKind.CODE, "import torch"), Cell(2, kind, source)], root=tmp_path)
    assert words in told
    assert told.rstrip(".").endswith(
        ("Make it a code cell", "take that line out", "take the `#` away", "or copy it into a cell")
    )


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (CellKind.MARKDOWN, "Write a `class MLP` here: the class MLP has two layers."),
        (CellKind.MARKDOWN, "class MLPs are many"),
        (CellKind.CODE, f"%%time\n{MLP}"),
        (CellKind.CODE, "%run other.py"),
    ],
)
def test_not_seen(kind, source, tmp_path):
    """Words about a name, another name, and what does run are no such place."""
    (tmp_path / "other.py").write_text("x = 1\n")
    assert seen_elsewhere("MLP", [Cell(1, kind, source)], root=tmp_path) == ""
