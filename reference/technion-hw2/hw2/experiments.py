"""Experiments: build a model from a few choices, train it, and say how good it is.

The models are those of `hw2.mlp`, wrapped by `hw2.classifier` and trained by `hw2.training`.
"""

import torch

from hw2.classifier import BinaryClassifier, select_roc_thresh
from hw2.mlp import MLP
from hw2.training import ClassifierTrainer


def mlp_experiment(depth, width, dl_train, dl_valid, dl_test, n_epochs):
    """Train a binary MLP classifier of two features, and return (model, thresh, valid_acc, test_acc).

    depth, width: the number of hidden layers, and of features that come out of each.
    dl_train, dl_valid, dl_test: loaders; their `dataset.tensors` hold samples (N, 2) and labels (N,).
    n_epochs: how often the training set is gone through.

    The threshold is the one that select_roc_thresh finds on the validation set, and the returned model uses it.
    `valid_acc` is the accuracy on the validation set in the last epoch, `test_acc` the one on the test set with that
    threshold; both are in percent.
    """
    # <solution> Create a BinaryClassifier around an MLP of this depth and width, with two scores at the end. Train it
    # with a ClassifierTrainer (print_every=0 keeps it quiet) and watch the validation set. Select the threshold on the
    # validation set, give it to the model, and run one test epoch on the test set. The rest is up to you.
    model = BinaryClassifier(
        MLP(in_dim=2, dims=[width] * depth + [2], nonlins=["tanh"] * depth + ["none"]),
        threshold=0.5,
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    trainer = ClassifierTrainer(model, torch.nn.CrossEntropyLoss(), optimizer)
    fit_result = trainer.fit(dl_train, dl_valid, num_epochs=n_epochs, print_every=0)
    valid_acc = fit_result.test_acc[-1]

    thresh = select_roc_thresh(model, *dl_valid.dataset.tensors)
    model.threshold = thresh
    test_acc = trainer.test_epoch(dl_test, verbose=False).accuracy
    return model, thresh, valid_acc, test_acc
    # </solution>
