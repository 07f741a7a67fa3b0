"""Public checks of mlp_experiment: what it returns, and what the twelve architectures reach.

test_mlp_experiment_hidden.py looks at the threshold, the reported accuracies and another architecture. Accuracies are
computed here, for points whose classes the experiment never saw, with the returned model and threshold.
"""

import pytest
import torch
from helpers_mlp_experiment import ATTEMPTS, LOWEST, draw_moons, is_infinite, run_experiments

from grader.compare import assert_matches
from grader.datasets import Limit, score

DEPTHS, WIDTHS = (1, 2, 4), (2, 8, 32, 128)
QUARTER = 85.0  # percent, the text's own requirement; the reference reaches 89 to 90


def matrices(shapes):
    """Return the shapes of the weight matrices as one text."""
    lists = [tuple(shape) for shape in shapes if isinstance(shape, list) and len(shape) == 2]
    return ", ".join(str(shape) for shape in sorted(lists))


@pytest.mark.graded(
    task="mlp-experiment",
    weight=1,
    grounds="hw2 part 3, lines 1894 and 1910: four results, of a model with the width and depth given",
)
def test_mlp_experiment_model(probe, dataset, rng):
    """mlp_experiment returns (model, thresh, valid_acc, test_acc) for a model of the given depth and width

    depth counts the hidden layers, width the features that come out of each. Other choices are yours.
    """
    data, known = draw_moons(dataset, rng, limit=Limit(train=320, valid=200, test=100))
    for depth, width in ((1, 7), (3, 5)):
        options = {"depths": [depth], "widths": [width], "num_epochs": 1}
        name = f"depth {depth}, width {width}"
        found = run_experiments(probe, data, known, **options)[name]
        wanted = [[width, 2], *[[width, width]] * (depth - 1), [2, width]]
        label = f"weights of the model for {name}"
        assert_matches({label: matrices(found["parameter shapes"])}, {label: matrices(wanted)})


@pytest.mark.graded(
    task="mlp-experiment",
    weight=3,
    after="test_mlp_experiment_model",
    grounds="hw2 part 3, lines 1920 and 1921: 75 % at the least, 85 % for a quarter",
)
def test_mlp_experiment_accuracies(probe, dataset, rng):
    """The twelve architectures reach 75 %, and a quarter of them 85 %

    Each is trained for ten epochs. The accuracies are those of the returned model with the returned threshold, for new
    points like those of the test set: at least 75 % for all, and a 75th percentile of at least 85 %.
    """
    data, known = draw_moons(dataset, rng, limit=Limit(train=5333, valid=1000, test=2000))
    for attempt in range(ATTEMPTS):
        actual = {}
        for width in WIDTHS:  # one probe for each, so that each has its own time limit
            options = {"depths": list(DEPTHS), "widths": [width], "num_epochs": 10, "attempt": attempt}
            actual |= run_experiments(probe, data, known, **options)
        reached = {name: score(actual[name]["labels"], data).percent for name in actual}
        accuracies = torch.tensor(list(reached.values()))
        lowest, quarter = float(accuracies.min()), float(accuracies.quantile(0.75))
        if lowest >= LOWEST and quarter >= QUARTER:
            return
    poorest = min(reached, key=reached.__getitem__)
    words = f"The lowest accuracy is {lowest:.1f} %, for {poorest}; expected at least {LOWEST:.0f} %. "
    if is_infinite(actual[poorest]["threshold"]):
        words += "Its threshold is infinite, so no point is positive: are its scores the same for all points? "
    raise AssertionError(f"{words}The 75th percentile is {quarter:.1f} %; expected at least {QUARTER:.0f} %.")
