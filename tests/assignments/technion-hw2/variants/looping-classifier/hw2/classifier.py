"""Probabilities come from log-softmax, the curve from a loop over thresholds between scores, the figure from imshow."""

import abc

import torch
import torch.nn.functional as F
from torch import nn


class Classifier(nn.Module, abc.ABC):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)

    def predict_proba(self, x):
        return self.predict_proba_scores(self.forward(x))

    def predict_proba_scores(self, z):
        return F.log_softmax(z, dim=1).exp()

    def classify(self, x):
        return self.classify_scores(self.forward(x))

    def classify_scores(self, z):
        return self._classify(self.predict_proba_scores(z))

    @abc.abstractmethod
    def _classify(self, y_proba):
        pass


class ArgMaxClassifier(Classifier):
    def _classify(self, y_proba):
        return y_proba.sort(dim=1, descending=True).indices[:, 0]


class BinaryClassifier(Classifier):
    def __init__(self, model, positive_class=1, threshold=0.5):
        super().__init__(model)
        self.positive_class = positive_class
        self.threshold = torch.tensor(threshold)

    def _classify(self, y_proba):
        labels = torch.zeros(len(y_proba), dtype=torch.int)
        labels[y_proba[:, self.positive_class] >= self.threshold] = 1
        return labels


def plot_decision_boundary_2d(classifier, x, y, dx=0.1, ax=None, cmap=None):
    import matplotlib.pyplot as plt

    if ax is None:
        ax = plt.figure().gca()
    left, bottom = (x.amin(dim=0) - 0.3).tolist()
    right, top = (x.amax(dim=0) + 0.3).tolist()
    columns, rows = round((right - left) / dx), round((top - bottom) / dx)
    across = left + dx * (torch.arange(columns) + 0.5)
    up = bottom + dx * (torch.arange(rows) + 0.5)
    image = torch.empty(rows, columns)
    with torch.inference_mode():
        for row in range(rows):
            image[row] = classifier.classify(torch.stack([across, up[row].expand(columns)], dim=1))
    ax.imshow(image, extent=(left, left + columns * dx, bottom, bottom + rows * dx), origin="lower", aspect="auto")
    ax.plot(*x[y == 0].T, "wo")
    ax.plot(*x[y == 1].T, "k^")
    return ax.get_figure(), ax


def select_roc_thresh(classifier, x, y, plot=False, ax=None):
    scores = classifier.predict_proba(x)[:, 1].detach()
    ordered = scores.unique()
    between = (ordered[1:] + ordered[:-1]) / 2
    best_distance, best, curve = float("inf"), 0.5, []
    for threshold in between:
        positive = scores > threshold
        fpr = (positive & (y == 0)).sum() / (y == 0).sum()
        fnr = (~positive & (y == 1)).sum() / (y == 1).sum()
        curve.append((fpr, 1 - fnr))
        if fpr**2 + fnr**2 < best_distance:
            best_distance, best = fpr**2 + fnr**2, threshold
    if plot:
        import matplotlib.pyplot as plt

        (ax or plt.gca()).plot([fpr for fpr, _ in curve], [tpr for _, tpr in curve])
    return best
