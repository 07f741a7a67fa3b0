"""Probes of the threshold and the figure: the student's own BinaryClassifier around their own MLP, weights of ours.

The checks in test_roc*.py and test_decision_boundary*.py judge them.
"""

import numpy as np
import torch
from probes import number_of
from probes_mlp import own_mlp, watch_passes
from probes_mlp_classifier import CLASSIFIER, own_classifier

from grader.probes import probe


@probe(needs=CLASSIFIER)
def roc_threshold(*, x, y, plot=False):
    """Return the selected threshold for scores [0, x1]: the probability of class 1 is the sigmoid of x1.

    How many lines and collections of points all figures hold is returned, too.
    """
    plt = _pyplot()
    from hw2.classifier import select_roc_thresh

    w = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    classifier, _, _ = own_classifier("BinaryClassifier", w=w, b=torch.zeros(2), options={"threshold": 0.5})
    options = {"plot": True} if plot else {}
    outputs = {"threshold": number_of(select_roc_thresh(classifier, x.clone(), y.clone(), **options))}
    every_axes = [axes for number in plt.get_fignums() for axes in plt.figure(number).axes]
    return outputs | {"drawn": sum(len(axes.lines) + len(axes.collections) for axes in every_axes)}


def _pyplot():
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def _own_wedge(corner):
    """Return a BinaryClassifier that gives class 1 to the points right of `corner` and below it, and its model.

    The scores are -s and s for s = 20 * min(right, below), where min(a, b) = relu(a) - relu(-a) - relu(a - b).
    """
    from hw2.classifier import BinaryClassifier

    right, below = corner.tolist()
    weights = {
        "w1": torch.tensor([[1.0, 0.0], [-1.0, 0.0], [1.0, 1.0]]),
        "b1": torch.tensor([-right, right, -right - below]),
        "w2": torch.tensor([[-20.0, 20.0, 20.0], [20.0, -20.0, -20.0]]),
        "b2": torch.zeros(2),
    }
    model, _ = own_mlp(weights, ["relu", "none"])
    return BinaryClassifier(model=model, threshold=0.5), model


@probe(needs=CLASSIFIER)
def decision_boundary(*, x, y, corner, where, dx=None, own_axes=False):
    """Draw the boundary of a known classifier; return what it was asked and the colours of the figure at `where`."""
    _, axes = _pyplot().subplots()
    from hw2.classifier import plot_decision_boundary_2d

    classifier, model = _own_wedge(corner)
    asked = []
    watch_passes(model, lambda points, _: asked.append(points.detach().double()))
    options = {} if dx is None else {"dx": dx}
    if own_axes:
        options["ax"] = axes
    returned = plot_decision_boundary_2d(classifier, x.clone(), y.clone(), **options)
    ax = _drawn_axes(returned)
    return {
        "returned": "(fig, ax)" if _is_figure_and_axes(returned) else "something else",
        "ax is the given one": ax is axes,
        "asked points": torch.cat([torch.zeros(0, 2, dtype=torch.float64), *asked]),
        "limits": torch.tensor([sorted(ax.get_xlim()), sorted(ax.get_ylim())], dtype=torch.float32),
        "colours": _colours(ax, where),
    }


def _is_figure_and_axes(returned):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if not (isinstance(returned, tuple | list) and len(returned) == 2):
        return False
    return isinstance(returned[0], Figure) and isinstance(returned[1], Axes)


def _drawn_axes(returned):
    """Return the axes among what was returned, or those that were drawn into last."""
    from matplotlib.axes import Axes

    values = returned if isinstance(returned, tuple | list) else [returned]
    return next((value for value in values if isinstance(value, Axes)), None) or _pyplot().gca()


def _colours(ax, where):
    """Return the colours (K, 3) of the drawn figure at K points of the axes' own coordinates; white outside of it."""
    figure = ax.figure
    figure.canvas.draw()
    image = torch.from_numpy(np.array(figure.canvas.buffer_rgba()))[:, :, :3]  # (H, W, 3)
    pixels = torch.from_numpy(ax.transData.transform(where.double().numpy())).long()
    column, row = pixels[:, 0], image.shape[0] - 1 - pixels[:, 1]
    inside = (column >= 0) & (column < image.shape[1]) & (row >= 0) & (row < image.shape[0])
    colours = torch.full((len(where), 3), 255, dtype=torch.uint8)
    colours[inside] = image[row[inside], column[inside]]
    return colours
