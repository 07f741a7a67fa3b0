"""Read students' code with everything that only parses, and print what came out: the same under each Python.

Run by test_other_pythons.py with the repository's folder as its argument, under Pythons that have nothing installed.
"""

import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(sys.argv[1])
sys.path.insert(0, str(ROOT))

from grader.grading.sound_parts import with_sound_parts  # noqa: E402
from grader.notebooks.cell_source import to_python  # noqa: E402
from grader.notebooks.document import Cell, CellKind  # noqa: E402
from grader.notebooks.newer_python import readable  # noqa: E402
from grader.notebooks.percent import is_percent, read_any_percent  # noqa: E402
from grader.sandbox.inside.cell_code import parse_cell  # noqa: E402
from grader.sandbox.inside.forbidden.scan import find_forbidden  # noqa: E402
from grader.sandbox.inside.statements import statements_in  # noqa: E402
from grader.sandbox.inside.written_answers import read_texts  # noqa: E402
from grader.similar.code_tokens import tokens_of  # noqa: E402

FORBIDDEN = ("torch.nn.Linear", "torch.nn.functional.*", "torch.optim.*", "torch.autograd")
NEWER = """\
row, words = {"a": 1.5, "b": {"c": 2}}, ["x", "y"]
values = [f"{row["a"]:>{len("abcdefg")}.3f}", f"{", ".join(f"{w!r}" for w in words)}", f"{row["b"]["c"]=}" " {z}"]
values.append(f"{"\\n".join(words)}{{}}{row['a']  # the first
}")
try:
    int("x")
except ValueError:
    values.append(f'{'caught'}')
"""


def read_file(path, content):
    """Return what the readers make of a file."""
    text = content.decode()
    cells = list(read_any_percent(text)) if is_percent(text) else [Cell(1, CellKind.CODE, text)]
    names, python = [], []
    for cell in cells:
        if cell.kind is CellKind.CODE:
            source = to_python(cell.source)
            python.append(source.python)
            tree = parse_cell(cell, source, root=ROOT)
            names += [[one.line, one.names, one.is_definition] for one in statements_in(tree, cell=cell.number)]
    uses = find_forbidden({path: content}, FORBIDDEN, parts=["Linear"])
    return {
        "names": names,
        "python": digest("\n".join(python)),
        "uses": [[use.line, use.name, use.spelled] for use in uses.uses],
        "unread": len(uses.unread),
        "tokens": digest(str(tokens_of(text, most=100_000))),
    }


def digest(text):
    """Return a few letters that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def main():
    """Print everything as JSON."""
    folders = (ROOT / "reference", *sorted((ROOT / "tests" / "assignments").glob("*/variants")))
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for one in folders for path in one.rglob("*.py")}
    told = {path: read_file(path, content) for path, content in sorted(files.items())}
    names = {}
    exec(compile(readable(NEWER.encode()), "newer", "exec"), names)
    answers = {"m": b'q1 = "one " "two"\nq2: str = r"""three""" + "four"\n'}
    read = read_texts(wanted={"m": ["q1", "q2"]}, files=answers, by_import=False)
    sound = with_sound_parts(
        {"m.py": b'class A:\n    b = f"{"x"}"\n'}, {"m.py": b"class A:\n    pass\n"}, parts=["m.A"]
    )
    told |= {"values": names["values"], "answers": read, "sound": {k: v.decode() for k, v in sound.items()}}
    json.dump(told, sys.stdout, indent=1, sort_keys=True)


main()
