"""Classifiers: wrap a model that gives class scores, and turn scores into probabilities and labels.

The model comes from `hw2.mlp` or `hw2.cnn`; `hw2.training` trains a classifier like any torch module.
matplotlib is imported when a figure is drawn, so that training runs without it.

Letters in the shape comments: N samples in a batch, C classes, T thresholds, H and W the rows and columns of a grid;
… are the axes of one sample.
"""

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
        # TODO: Ask the wrapped model.
        raise NotImplementedError("Classifier.forward")

    def predict_proba(self, x):
        """Return the class probabilities (N, C) of samples (N, …)."""
        return self.predict_proba_scores(self(x))  # (N, C)

    def predict_proba_scores(self, z):
        """Return the class probabilities (N, C) that belong to class scores (N, C); each row sums to 1."""
        # TODO: Apply a softmax over the classes.
        raise NotImplementedError("Classifier.predict_proba_scores")

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
        # TODO: Return the index of the largest probability in each row.
        raise NotImplementedError("ArgMaxClassifier._classify")


class BinaryClassifier(Classifier):
    """Predict one of two classes by comparing the positive class's probability with a threshold."""

    def __init__(self, model, positive_class=1, threshold=0.5):
        """Wrap a model with two scores a sample.

        positive_class: the index of the positive class among the two scores.
        threshold: the label is 1 where the positive class's probability is at least this, and 0 elsewhere.
            It may be changed at any time: the next call uses the new one.
        """
        super().__init__(model)
        if positive_class not in (0, 1):
            raise ValueError(f"positive_class is {positive_class}; with two classes it is 0 or 1.")
        self.positive_class = positive_class
        self.threshold = threshold

    def _classify(self, y_proba):
        # TODO: Return 1 where the probability of the positive class is at least the threshold, 0 elsewhere.
        raise NotImplementedError("BinaryClassifier._classify")


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
    # TODO: Classify all points of a grid with steps of dx that covers all samples (torch.meshgrid makes one),
    #       and draw the labels as filled contours. Draw the samples on top, coloured by their own labels.
    raise NotImplementedError("plot_decision_boundary_2d")
    return ax.figure, ax


def select_roc_thresh(classifier, x, y, plot=False, ax=None):
    """Return the threshold whose point on the ROC curve is closest to the ideal one.

    The curve shows, for every threshold, the share of negative samples that are called positive (FPR) and the share
    of positive samples that are found (TPR = 1 - FNR). The ideal point is FPR 0 and TPR 1.

    x, y: samples (N, …) and their labels (N,), 1 for the positive class and 0 for the other.
    plot: draw the curve and the chosen point, into `ax` or into new axes.
    """
    # TODO: Get the probability of the positive class for all samples. Find FPR and TPR for every threshold that
    #       makes a difference (sklearn.metrics.roc_curve does), and the point with the shortest distance to (0, 1).
    #       Return its threshold; draw_roc_curve does the drawing if plot asks for it.
    raise NotImplementedError("select_roc_thresh")


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
