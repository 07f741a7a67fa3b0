"""Public checks of mlp_experiment: what it returns, and what the twelve architectures reach.

test_mlp_experiment_hidden.py looks at the threshold, the reported accuracies and another architecture. Accuracies are
computed here, for points whose classes the experiment never saw, with the returned model and threshold.
"""

from dataclasses import replace

import pytest
import torch

from grader.compare import Spec, assert_matches
from grader.datasets import Limit, score

DEPTHS, WIDTHS = (1, 2, 4), (2, 8, 32, 128)
LOWEST, QUARTER = 75.0, 85.0  # percent, the text's own requirements; the reference reaches 78 to 85 and 89 to 90
ATTEMPTS = 2  # the better one counts: nobody's first random numbers may cost points


def turned(x, degrees):
    angle = torch.deg2rad(torch.tensor(float(degrees)))
    cos, sin = torch.cos(angle), torch.sin(angle)
    return x @ torch.stack([torch.stack([cos, -sin]), torch.stack([sin, cos])]).T


def draw_moons(dataset, rng, *, limit, seed=0):
    """Draw training points of two populations, validation points of the second one and noisier test points.

    As the document does: the data set's noise is 0.2, another 0.15 makes it 0.25 and another 0.2236 makes it 0.3.
    Returned are the data set and the labelled test set that the experiment gets; the data set's own test labels
    stay here.
    """
    data = dataset("moons", limit=limit, seed=seed)
    known = dataset("moons", limit=limit, seed=seed + 1000)
    half = 3 * len(data.train_x) // 4

    def noisier(x, noise):
        return x + noise * torch.randn(x.shape, generator=rng)

    drawn = replace(
        data,
        train_x=torch.cat([turned(data.train_x[:half], 10), turned(noisier(data.train_x[half:], 0.15), 50)]),
        valid_x=turned(noisier(data.valid_x, 0.15), 50),
        test_x=turned(noisier(data.test_x, 0.2236), 40),
    )
    return drawn, {"known_x": turned(noisier(known.valid_x, 0.2236), 40), "known_y": known.valid_y}


def run_experiments(probe, data, known, **options):
    """Run mlp_experiment for each depth and width, and ask for four usable values of each."""
    actual = probe("mlp_experiments", **data.for_probe(), **known, **options)
    for name in (f"depth {d}, width {w}" for w in options["widths"] for d in options["depths"]):
        found = actual[name]
        assert found["returned"] == "four values", (
            f"mlp_experiment returned something else than four values for {name}; expected "
            "(model, thresh, valid_acc, test_acc)."
        )
        assert found["model"] == "torch module", f"The model for {name} is no torch module."
        # roc_curve's first threshold is infinite; it is the best one where all scores are equal.
        finite = ["valid_acc", "test_acc", *([] if is_infinite(found["threshold"]) else ["threshold"])]
        assert_matches({key: found[key] for key in finite}, {key: Spec(()) for key in finite})
    return actual


def is_infinite(value):
    return isinstance(value, torch.Tensor) and value.shape == () and bool(value.isinf())


def matrices(shapes):
    """Return the shapes of the weight matrices as one text."""
    lists = [tuple(shape) for shape in shapes if isinstance(shape, list) and len(shape) == 2]
    return ", ".join(str(shape) for shape in sorted(lists))


@pytest.mark.graded(task="mlp-experiment", weight=1)
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


@pytest.mark.graded(task="mlp-experiment", weight=3, after="test_mlp_experiment_model")
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
