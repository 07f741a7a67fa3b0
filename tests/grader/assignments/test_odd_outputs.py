"""Checks of the bundled courses on outputs of a kind that nobody expects: a verdict for the student, never our fault.

A probe's outputs come out of the submission's own process, so they may be anything.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from grader.compare.expect import by_formula

ASSIGNMENTS = Path(__file__).parents[2] / "assignments"


@pytest.fixture
def check_named(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that imports a check of a course by its slug, file and name; files of courses share names."""
    before = dict(sys.modules)

    def find(slug: str, file: str, name: str) -> Any:
        monkeypatch.syspath_prepend(str(ASSIGNMENTS / slug))
        return getattr(importlib.import_module(file), name)

    for path in ASSIGNMENTS.glob("*/test_*.py"):
        sys.modules.pop(path.stem, None)
    yield find
    for path in ASSIGNMENTS.glob("*/test_*.py"):
        sys.modules.pop(path.stem, None)
    sys.modules.update({name: module for name, module in before.items() if name not in sys.modules})


ODD = [
    ("uva-mlp", "test_mlp", "test_mlp_layers", {"matrices": [[70, "x"]]}, '`matrices[0][1]` is "x"'),
    ("uva-mlp", "test_train_model", "test_train_model_keeps_the_best", {"epoch": "3"}, '`epoch` is "3"'),
    ("uva-mlp", "test_train_model", "test_train_model_clears_gradients", {"gradients": [None]}, "is None"),
    ("uva-mlp", "test_train_model_hidden", "test_train_model_mode", {"modes": True}, "`modes` is True (bool)"),
    ("uva-cnn", "test_block_hidden", "test_block_gradients", {"main path": 3}, "`main path` is 3 (int)"),
    ("uva-cnn", "test_module_hidden", "test_module_optimizer", {"optimizer": "an optimizer"}, "`lr` is missing"),
    ("uva-cnn", "test_resnet", "test_resnet_layers", {"before the blocks": []}, "`before the blocks` is a list"),
    ("uva-cnn", "test_resnet_hidden", "test_resnet_initialization", {"convolutions": [1] * 15}, "`convolutions[0]`"),
    ("uva-cnn", "test_shuffle", "test_shuffle_one_order", {"names": ["x"]}, "`images 0` is missing"),
    ("neuromatch-deep-mlp", "test_depth", "test_depth_widths", {"networks": [3]}, "`networks[0]` is 3 (int)"),
    ("neuromatch-deep-mlp", "test_loaders", "test_loaders_batches", {"first training batch": 6.0}, "6.0 (float)"),
    ("neuromatch-deep-mlp", "test_poly", "test_poly_count", {"number of features": torch.ones(2)}, "returned tensor"),
    ("neuromatch-deep-mlp", "test_poly", "test_poly_features", {"training features": 3}, "`training features` is 3"),
    ("neuromatch-deep-mlp", "test_split", "test_split_sizes", {"call 1": 4}, "returned no values"),
    ("neuromatch-deep-mlp", "test_training", "test_training_accuracies", {"training accuracy": "x"}, '"x" (str)'),
    ("neuromatch-deep-mlp", "test_xavier", "test_gain_of_leaky_relu", {"theoretical_gain": [1.4]}, "list of 1 item"),
    ("leeds-fashion-mlp", "test_accuracy", "test_accuracy", {"accuracy": torch.ones(3)}, "a tensor of shape (3,)"),
    ("leeds-fashion-mlp", "test_best_model", "test_saves_the_best_model", {"epochs": "8"}, '`epochs` is "8"'),
    ("leeds-fashion-mlp", "test_evaluate", "test_evaluate_figures", {"returned": [2]}, "`what came back` is a list"),
    ("leeds-fashion-mlp", "test_mlp_dropout", "test_dropout_share", {"linear layers": 3}, "`linear layers` is 3 (int)"),
    ("leeds-fashion-mlp", "test_mlp_sizes", "test_64_neurons", {"linear layers": [[784], [64, 10]]}, "784 → 784 → 10"),
    ("leeds-fashion-mlp", "test_rotation", "test_pictures_are_turned", {"pictures": "x"}, '`turned pictures` is "x"'),
]


@pytest.mark.parametrize(("slug", "file", "name", "outputs", "words"), ODD, ids=[f"{row[0]}-{row[2]}" for row in ODD])
def test_odd_outputs(check_named: Any, slug: str, file: str, name: str, outputs: dict[str, Any], words: str) -> None:
    """A check tells what is odd about an output, in words for the student, before it computes with it."""
    check = check_named(slug, file, name)
    wanted = inspect.signature(check).parameters
    fixtures = {
        "probe": lambda *_name, **_inputs: outputs,
        "expected": lambda _name, formula, /, **inputs: by_formula(formula, inputs).expectation,
        "rng": torch.Generator().manual_seed(1),
    }
    with pytest.raises(AssertionError) as caught:
        check(**{name: fixtures[name] for name in wanted})
    assert words in str(caught.value)
