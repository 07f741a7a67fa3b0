"""Write the sample submissions of technion-hw2: the reference, the template, and one typical mistake each.

`make demo` grades them as real input; `python tests/submissions/samples.py FOLDER` writes them anywhere.
"""

import io
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

COURSE = Path(__file__).resolve().parents[2]
REFERENCE = COURSE / "reference" / "technion-hw2"
TEMPLATE = COURSE / "student_template" / "technion-hw2"


@dataclass(frozen=True)
class Edit:
    """Replace `old`, which stands exactly once in the reference's file, by `new`."""

    file: str
    old: str
    new: str


EDITS = {
    "transposed gradient": Edit("hw2/layers.py", "self.dw += dout.T @ self.x", "self.dw = self.x.T @ dout"),
    "summed loss gradient": Edit("hw2/layers.py", "return dout * gradient / len(self.y)", "return dout * gradient"),
    "momentum with (1-beta)": Edit(
        "hw2/optimizers.py",
        "velocity -= self.learn_rate * gradient",
        "velocity -= (1 - self.momentum) * self.learn_rate * gradient",
    ),
    "infinite loop": Edit(
        "hw2/layers.py",
        "        self.z = 1 / (1 + torch.exp(-x))",
        "        while True:\n            self.z = 1 / (1 + torch.exp(-x))",
    ),
    "syntax error": Edit("hw2/optimizers.py", "class VanillaSGD(Optimizer):", "class VanillaSGD(Optimizer)"),
    "crash": Edit("hw2/layers.py", "torch.softmax(self.x, dim=1)", "torch.softmax(self.x, dim=2)"),
    "no weight decay": Edit(
        "hw2/optimizers.py",
        "gradient = dp + self.reg * p\n            p -=",
        "gradient = dp\n            p -=",
    ),
}


def write_samples(folder: Path) -> None:
    """Write every sample below `folder`, in the shapes that students hand in."""
    folder.mkdir(parents=True)
    _copy(REFERENCE, folder / "perfect")
    _copy(TEMPLATE, folder / "template")
    for name, edit in EDITS.items():
        _copy(REFERENCE, folder / name)
        _apply(edit, folder / name)
    _copy(REFERENCE, folder / "missing file")
    (folder / "missing file" / "hw2" / "optimizers.py").unlink()
    moodle = folder / "Ada Lovelace_4711_assignsubmission_file_"
    moodle.mkdir()
    (moodle / "HW2 final (2).zip").write_bytes(_zipped(REFERENCE, below="Homework 2/"))


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _apply(edit: Edit, folder: Path) -> None:
    path = folder / edit.file
    text = path.read_text(encoding="utf-8")
    if text.count(edit.old) != 1:
        raise SystemExit(f"{edit.file} holds {edit.old!r} {text.count(edit.old)} times; adapt the sample's edit.")
    path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def _zipped(folder: Path, *, below: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.py")):
            archive.write(path, below + path.relative_to(folder).as_posix())
    return data.getvalue()


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
