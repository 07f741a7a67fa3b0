"""The curve comes from scikit-learn, the figure from pcolormesh over NumPy arrays, the softmax is a module."""

import abc

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.metrics import roc_curve
from torch import nn


class Classifier(nn.Module, abc.ABC):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        z = self.model.forward(x)
        assert z.ndim == 2
        return z

    def predict_proba(self, x):
        return self.softmax(self.forward(x))

    def predict_proba_scores(self, z):
        return self.softmax(z)

    def classify(self, x):
        return self._classify(self.predict_proba(x)).to(torch.int)

    def classify_scores(self, z):
        return self._classify(self.predict_proba_scores(z)).to(torch.int)

    @abc.abstractmethod
    def _classify(self, y_proba): ...


class ArgMaxClassifier(Classifier):
    def _classify(self, y_proba):
        return torch.max(y_proba, dim=-1).indices


class BinaryClassifier(Classifier):
    def __init__(self, model, positive_class=1, threshold=0.5):
        super().__init__(model)
        self.positive_class = positive_class
        self.threshold = threshold

    def _classify(self, y_proba):
        return torch.where(y_proba[:, self.positive_class] < self.threshold, 0, 1)


def plot_decision_boundary_2d(classifier, x, y, dx=0.1, ax=None, cmap=plt.cm.coolwarm):
    fig = None
    if ax is None:
        fig, ax = plt.subplots(1, 1, figsize=(8, 6))
    x, y = x.numpy(), y.numpy()
    grid_x, grid_y = np.meshgrid(
        np.arange(x[:, 0].min() - 0.5, x[:, 0].max() + 0.5, dx),
        np.arange(x[:, 1].min() - 0.5, x[:, 1].max() + 0.5, dx),
    )
    points = torch.from_numpy(np.c_[grid_x.ravel(), grid_y.ravel()]).to(torch.float32)
    labels = classifier.classify(points).detach().numpy().reshape(grid_x.shape)
    ax.pcolormesh(grid_x, grid_y, labels, cmap=cmap, alpha=0.5, shading="nearest")
    for c in (0, 1):
        ax.scatter(*x[y == c].T, label=f"class {c}", edgecolors="k")
    ax.legend()
    ax.set_title("Decision boundary")
    return fig or ax.get_figure(), ax


def select_roc_thresh(classifier, x, y, plot=False, ax=None):
    scores = classifier.predict_proba(x).detach().numpy().astype(np.float64)[:, 1]
    fpr, tpr, thresholds = roc_curve(y.numpy(), scores)
    best = np.argmin(np.sqrt(fpr**2 + (1 - tpr) ** 2))
    if plot:
        ax = ax or plt.subplots()[1]
        ax.plot(fpr, tpr, label="ROC")
        ax.plot([fpr[best]], [tpr[best]], "r.", markersize=15)
        ax.legend()
        plt.tight_layout()
    return thresholds[best]
