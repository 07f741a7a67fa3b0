"""A variant of hw2.classifier with what the text says and no more: its model has children, as the text's networks do.

BinaryClassifier has no positive class, the grid has a step of its own, and the ROC curve gets a figure of its own.
"""

import abc

import torch
from torch import nn


class Classifier(nn.Module, abc.ABC):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.body = next(model.children())[:-1]
        self.softmax = nn.Softmax(dim=1)

    def forward(self, x):
        return self.model.forward(x)

    def predict_proba(self, x):
        return self.predict_proba_scores(self.forward(x))

    def predict_proba_scores(self, z):
        return self.softmax(z)

    def classify(self, x):
        return self._classify(self.predict_proba(x))

    def classify_scores(self, z):
        return self._classify(self.predict_proba_scores(z))

    @abc.abstractmethod
    def _classify(self, y_proba): ...


class ArgMaxClassifier(Classifier):
    def _classify(self, y_proba):
        return torch.argmax(y_proba, dim=1)


class BinaryClassifier(Classifier):
    def __init__(self, model, threshold=0.5):
        super().__init__(model)
        self.threshold = threshold

    def _classify(self, y_proba):
        return (y_proba[:, 1] >= self.threshold).int()


def plot_decision_boundary_2d(classifier, x, y, ax=None, **_):
    import matplotlib.pyplot as plt

    fig, ax = (ax.get_figure(), ax) if ax is not None else plt.subplots()
    first, second = (torch.linspace(float(v.min()) - 0.1, float(v.max()) + 0.1, 60) for v in x.T)
    grid_1, grid_2 = torch.meshgrid(first, second, indexing="ij")
    labels = classifier.classify(torch.stack([grid_1, grid_2], dim=-1).reshape(-1, 2)).reshape(60, 60)
    ax.contour(grid_1.numpy(), grid_2.numpy(), labels.numpy(), levels=[0.5], colors="black")
    ax.scatter(x[:, 0], x[:, 1], c=y)
    return fig, ax


def select_roc_thresh(classifier, x, y, plot=False):
    import matplotlib.pyplot as plt
    import numpy as np

    proba = classifier.predict_proba(x)[:, 1].detach().numpy()
    y, thresholds = y.numpy(), np.unique(proba)[::-1]
    rates = [((proba[y == 0] >= one).mean(), (proba[y == 1] >= one).mean()) for one in thresholds]
    fpr, tpr = np.array(rates).T
    if plot:
        _, ax = plt.subplots()
        ax.plot(fpr, tpr)
    return thresholds[np.argmin(np.hypot(fpr, 1 - tpr))]
