"""Public checks of mlp_experiment: what it returns, and what the twelve architectures reach.

test_mlp_experiment_hidden.py looks at the threshold, the reported accuracies and another architecture. Accuracies are
computed here, for points whose classes the experiment never saw, with the returned model and threshold.
"""

import pytest
import torch
from helpers_hyperparameters import SEEDS
from helpers_mlp_experiment import LOWEST, accuracy_of, draw_moons, is_infinite, run_experiments

from grader.compare import assert_matches
from grader.datasets import Accuracy, DivergedPredictions, Limit, best_of

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

    Each is trained for ten epochs; of three attempts the best counts. The accuracies are those of the returned
    model, with the returned threshold or one half, for new points like those of the test set: at least 75 % for all,
    and a 75th percentile of at least 85 %.
    """
    data, known = draw_moons(dataset, rng, limit=Limit(train=5333, valid=1000, test=2000))
    trained = Trainings(probe, data, known)
    rules = {"chance": 50, "attempts": len(SEEDS)}
    lowest = best_of(lambda i: trained.after(i)[0], target=LOWEST, **rules)
    poorest = min(trained.best, key=lambda name: percent(trained.best[name]))
    words = f"The lowest accuracy is {lowest.best}, that of {poorest}; expected at least {LOWEST:.0f} %. {lowest} "
    if is_infinite(trained.thresholds[poorest]):
        words += "Its threshold is infinite, so no point is positive: are its scores the same for all points?"
    assert lowest.succeeded, words.rstrip()
    quarter = best_of(lambda i: upper_quarter(trained.after(i)), target=QUARTER, **rules)
    assert quarter.succeeded, (
        f"The 75th percentile of the accuracies is {quarter.best.percent:.1f} %; expected at least {QUARTER:.0f} %. "
        f"{quarter}"
    )


class Trainings:
    """Train the twelve architectures, again with another seed what is poor yet, and keep the best of each."""

    def __init__(self, probe, data, known):
        self.probe, self.data, self.known = probe, data, known
        self.best, self.thresholds, self.made = {}, {}, 0

    def after(self, attempt):
        """Return the best accuracy of each architecture after attempts 0 to `attempt`, the poorest first."""
        while self.made <= attempt:
            seed = SEEDS[self.made]
            self.made += 1
            diverged = [self._train(width, seed) for width in WIDTHS]  # each width has its own time limit
            if len(self.best) < len(DEPTHS) * len(WIDTHS):
                raise next(filter(None, diverged))
        return sorted(self.best.values(), key=percent)

    def _train(self, width, seed):
        """Train the depths that are poor yet; return what was raised where predictions are NaN."""
        names = {depth: f"depth {depth}, width {width}" for depth in DEPTHS}
        poor = [depth for depth, name in names.items() if name not in self.best or percent(self.best[name]) < QUARTER]
        options = {"depths": poor, "widths": [width], "num_epochs": 10, "seed": seed}
        trained = run_experiments(self.probe, self.data, self.known, **options) if poor else {}
        diverged = None
        for name, found in trained.items():
            try:
                reached = accuracy_of(found, self.data)
            except DivergedPredictions as error:
                diverged = error
                continue
            if name not in self.best or percent(self.best[name]) < percent(reached):
                self.best[name], self.thresholds[name] = reached, found["threshold"]
        return diverged


def percent(accuracy):
    return accuracy.percent


def upper_quarter(accuracies):
    """Return the 75th percentile of accuracies on equally many points, as one."""
    each = torch.tensor([float(one.correct) for one in accuracies])
    return Accuracy(int(each.quantile(0.75)), next(iter(accuracies)).total)
