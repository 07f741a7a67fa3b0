"""Probes that train: labels of the test points never come in, predictions go out."""

import torch
from probes import in_this_process, scores_in, set_points
from probes_images import CLASSES, afhq
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe


@probe(needs=["notebook_spiral_training"])
def spirals(*, train_x, train_y, valid_x, valid_y, test_x, actv, hidden, num_epochs, lr, seed):
    """Train the notebook's Net with its own loop; return the scores of the test points."""
    from notebook_spiral_training import Net, train_test_classification

    torch.manual_seed(seed)
    net = Net(actv, 2, list(hidden), 4)
    train_loader = DataLoader(TensorDataset(train_x.clone(), train_y.float()), batch_size=64, shuffle=True)
    valid_loader = DataLoader(TensorDataset(valid_x.clone(), valid_y.float()), batch_size=128)
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    train_test_classification(
        net, nn.CrossEntropyLoss(), optimizer, train_loader, valid_loader, num_epochs=num_epochs, verbose=False
    )
    return {"scores": _scores(net, test_x)}


@probe(needs=["notebook_poly_training"])
def wide_classifier(*, train_x, train_y, valid_x, valid_y, test_x, degree, seed):
    """Run run_poly_classification; the test points take the place of the grid that it predicts in the end.

    The scores are those of the last pass of the network that was trained.
    """
    import notebook_poly_training as notebook

    own, last = notebook.train_test_classification, {}

    def train(net, *arguments, **options):
        accuracies = own(net, *arguments, **options)
        net.register_forward_hook(lambda _net, _inputs, scores: last.update(scores=scores_in(scores).detach().clone()))
        return accuracies

    set_points(notebook, train_x, train_y, valid_x, valid_y, classes=4)
    notebook.train_test_classification = train
    notebook.sample_grid = lambda *_sizes, **_options: test_x.clone()
    notebook.plot_decision_map = lambda *_shown, **_options: None
    with in_this_process():
        number = notebook.run_poly_classification(degree, "cpu", seed)
    return {"scores": last.get("scores"), "number of features": number}


@probe(needs=["notebook_image_training"])
def image_classifier(*, train_x, train_y, valid_x, valid_y, test_x, num_epochs, seed):
    """Train the notebook's Net on images that its loaders read from folders; return the scores of the test images.

    All test images lie in the folder of the first class, whose order is theirs; one more in each other folder.
    """
    from notebook_image_training import Net, get_data_loaders, train_test_classification

    rows, (_, height, width) = len(test_x), test_x.shape[1:]
    train = (255 * train_x).round().to(torch.uint8), train_y
    others = torch.zeros(len(CLASSES) - 1, *test_x.shape[1:])
    labels = torch.cat([torch.zeros(rows, dtype=torch.long), torch.arange(1, len(CLASSES))])
    test = (255 * torch.cat([test_x, others])).round().to(torch.uint8), labels
    with afhq(train=train, val=test):
        train_loader, test_loader = get_data_loaders(64, seed)
        torch.manual_seed(seed)
        net = Net("ReLU()", 3 * height * width, [64, 64, 64], len(CLASSES))
        with torch.random.fork_rng():
            images = torch.cat([x for x, _ in test_loader])[:rows]
            before = _scores(net, images)
        net.train()
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        train_test_classification(
            net, nn.CrossEntropyLoss(), optimizer, train_loader, test_loader, num_epochs=num_epochs, verbose=False
        )
        images = torch.cat([x for x, _ in test_loader])[:rows]
    return {"scores": _scores(net, images), "scores before training": before}


def _scores(net, x):
    net.eval()
    with torch.no_grad():
        return scores_in(net(x.clone())).detach().clone()
