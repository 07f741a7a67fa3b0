"""A threshold is a probability that is neither sure."""

import abc

import torch
from torch import nn


class Classifier(nn.Module, abc.ABC):
    """Wrap a model that maps samples (N, …) to class scores (N, C); a subclass decides on labels."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        """Return the class scores (N, C) of samples (N, …): any real numbers, what a loss function wants."""
        return self.model(x)  # (N, C)

    def predict_proba(self, x):
        """Return the class probabilities (N, C) of samples (N, …)."""
        return self.predict_proba_scores(self(x))  # (N, C)

    def predict_proba_scores(self, z):
        """Return the class probabilities (N, C) that belong to class scores (N, C); each row sums to 1."""
        return torch.softmax(z, dim=1)  # (N, C)

    def classify(self, x):
        """Return the predicted labels (N,) of samples (N, …), as torch.int."""
        return self._classify(self.predict_proba(x)).to(torch.int)  # (N,)

    def classify_scores(self, z):
        """Return the predicted labels (N,) that belong to class scores (N, C), as torch.int."""
        return self._classify(self.predict_proba_scores(z)).to(torch.int)  # (N,)

    @abc.abstractmethod
    def _classify(self, y_proba):
        """Return the labels (N,) that belong to class probabilities (N, C)."""


class ArgMaxClassifier(Classifier):
    """Predict the most probable class."""

    def _classify(self, y_proba):
        return y_proba.argmax(dim=1)  # (N,)


class BinaryClassifier(Classifier):
    """Predict one of two classes by comparing the positive class's probability with a threshold."""

    def __init__(self, model, positive_class=1, threshold=0.5):
        """Wrap a model with two scores a sample.

        positive_class: the index of the positive class among the two scores.
        threshold: the label is 1 where the positive class's probability is at least this, and 0 elsewhere.
            It may be changed at any time: the next call uses the new one.
        """
        super().__init__(model)
        assert 0 < threshold < 1
        if positive_class not in (0, 1):
            raise ValueError(f"positive_class is {positive_class}; with two classes it is 0 or 1.")
        self.positive_class = positive_class
        self.threshold = threshold

    def _classify(self, y_proba):
        positive = y_proba[:, self.positive_class]  # (N,)
        return (positive >= self.threshold).to(torch.int)  # (N,)


def plot_decision_boundary_2d(classifier, x, y, dx=0.1, ax=None, cmap="coolwarm"):
    """Draw the samples over the region of each class, and return the figure and its axes as (fig, ax).

    x, y: samples (N, 2) and their labels (N,).
    dx: the distance between neighbouring points of the grid on which the classifier is asked.
    ax: the axes to draw into; new ones are made where there are none.
    cmap: the colours of the classes, anything that matplotlib takes as a colour map.
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(8, 6))
    # and draw the labels as filled contours. Draw the samples on top, coloured by their own labels.
    low, high = x.min(dim=0).values - dx, x.max(dim=0).values + dx  # (2,), (2,)
    first = torch.arange(low[0], high[0] + dx, dx)  # (W,)
    second = torch.arange(low[1], high[1] + dx, dx)  # (H,)
    grid_1, grid_2 = torch.meshgrid(first, second, indexing="xy")  # (H, W), (H, W)
    points = torch.stack([grid_1.flatten(), grid_2.flatten()], dim=1)  # (H * W, 2)
    with torch.no_grad():
        labels = classifier.classify(points.to(x.dtype)).reshape(grid_1.shape)  # (H, W)

    ax.contourf(grid_1, grid_2, labels, levels=(-0.5, 0.5, 1.5), alpha=0.3, cmap=cmap)
    ax.scatter(x[:, 0], x[:, 1], c=y, alpha=0.2, cmap=cmap)
    ax.set_xlabel("$x_1$")
    ax.set_ylabel("$x_2$")
    return ax.figure, ax


def select_roc_thresh(classifier, x, y, plot=False, ax=None):
    """Return the threshold whose point on the ROC curve is closest to the ideal one.

    The curve shows, for every threshold, the share of negative samples that are called positive (FPR) and the share
    of positive samples that are found (TPR = 1 - FNR). The ideal point is FPR 0 and TPR 1.

    x, y: samples (N, …) and their labels (N,), 1 for the positive class and 0 for the other.
    plot: draw the curve and the chosen point, into `ax` or into new axes.
    """
    # makes a difference (sklearn.metrics.roc_curve does), and the point with the shortest distance to (0, 1).
    # Return its threshold; draw_roc_curve does the drawing if plot asks for it.
    with torch.no_grad():
        scores = classifier.predict_proba(x)[:, classifier.positive_class]  # (N,)
    thresholds = scores.unique()  # (T,), in ascending order
    called_positive = scores >= thresholds[:, None]  # (T, N)
    fpr = called_positive[:, y == 0].double().mean(dim=1)  # (T,)
    tpr = called_positive[:, y == 1].double().mean(dim=1)  # (T,)
    distances = fpr**2 + (1 - tpr) ** 2  # (T,), squared: the closest stays the closest
    best = distances.argmin()
    if plot:
        draw_roc_curve(fpr, tpr, best, ax=ax)
    return thresholds[best].item()


def draw_roc_curve(fpr, tpr, best, ax=None):
    """Draw the curve through the points (fpr, tpr), both (T,), and the point with the index `best`."""
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(6, 5))
    ax.plot(fpr, tpr)
    ax.scatter(fpr[best], tpr[best], label=f"FPR {fpr[best]:.2f}, TPR {tpr[best]:.2f}")
    ax.set_xlabel("FPR")
    ax.set_ylabel("TPR = 1 - FNR")
    ax.legend()
