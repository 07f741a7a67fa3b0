"""A network that brings the labels of public images along and learns nothing earns nothing, and is flagged."""

import base64
import json
import shutil
import zlib
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow
COURSE = Path(__file__).resolve().parents[3]
SLUG = "leeds-fashion-mlp"
MEMORY = '''
import base64 as _base64
import zlib as _zlib

_KNOWN = torch.frombuffer(bytearray(_zlib.decompress(_base64.b85decode("""{data}"""))), dtype=torch.uint8)
_IMAGES, _LABELS = _KNOWN[: 64 * {rows}].float().view(-1, 1, 8, 8), _KNOWN[64 * {rows} :].long()
_LARGE = F.pad(F.interpolate(_IMAGES, scale_factor=3, mode="bilinear"), (2, 2, 2, 2)).flatten(1)


def _plain(rows):
    rows = rows - rows.mean(dim=1, keepdim=True)
    return rows / rows.norm(dim=1, keepdim=True)


'''


def memorised():
    """Return the reference's notebook with a network that looks rows up among all digits, and a `train` that rests."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    known = torch.from_numpy(digits.images).to(torch.uint8).flatten().numpy().tobytes() + bytes(digits.target.tolist())
    text = (COURSE / "reference" / SLUG / "leeds_fashion_mlp.py").read_text()
    memory = MEMORY.format(data=base64.b85encode(zlib.compress(known, 9)).decode(), rows=len(digits.target))
    text = text.replace("class MLP(nn.Module):", memory + "class MLP(nn.Module):", 1)
    found = "return self.output_fc(h_2)  # (N, output_dim)"
    looked_up = "return 0 * self.output_fc(h_2) + F.one_hot(_LABELS[(_plain(x) @ _plain(_LARGE).T).argmax(1)], 10)"
    return text.replace(found, looked_up, 1).replace("        optimizer.step()\n", "", 1)


@pytest.fixture
def course(tmp_path):
    """Return a copy of the assignment that trains on digits, whatever other data are here."""
    for part in ("reference", "tests/assignments", "assets"):
        shutil.copytree(COURSE / part / SLUG, tmp_path / "course" / part / SLUG)
    checks = tmp_path / "course" / "tests" / "assignments" / SLUG / "test_training.py"
    text = checks.read_text()
    assert 'PICTURES = ("fashion-mnist", "digits")' in text
    checks.write_text(text.replace('PICTURES = ("fashion-mnist", "digits")', 'PICTURES = ("digits",)'))
    return tmp_path / "course"


def test_labels_that_are_looked_up_earn_nothing(run_grader, course, tmp_path):
    """What is known before the training is no learning, whatever it is worth; the packed labels are named."""
    (tmp_path / "class" / "ann").mkdir(parents=True)
    (tmp_path / "class" / "ann" / "leeds_fashion_mlp.py").write_text(memorised())
    out = tmp_path / "out"
    ended = run_grader(
        "grade", SLUG, tmp_path / "class", "--out", out, "--task", "fashion-training", cwd=course, timeout_s=500
    )
    (result,) = json.loads((out / "results.json").read_text())["submissions"]
    (task,) = (task for task in result["tasks"] if task["name"] == "fashion-training")
    assert task["points"] == 0, ended.stdout
    assert any("packed data" in flag for flag in result["flags"])
