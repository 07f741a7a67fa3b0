"""Probes of part 3: torch modules, classifiers, their trainer, thresholds and figures.

Where a check is about one class, the others that it works with are stand-ins: subclasses of the student's classes whose
public methods are replaced by known ones. So a mistake in one class costs no points of another, and whatever a student
added to their classes is still there.
"""

import contextlib
import numbers

import numpy as np
import torch
from probes import copy_of
from probes_part2 import reported
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe

MLP_MODULE = ["hw2.mlp"]
CLASSIFIER = ["hw2.classifier"]
TRAINER = ["hw2.training", "hw2.classifier"]
EXPERIMENTS = ["hw2.experiments", "hw2.classifier"]


# ---------------------------------------------------------------- the model


@probe(needs=MLP_MODULE)
def torch_mlp(*, x, dims, nonlins, weights, dout=None):
    """Return the shapes of an MLP's parameters; if they are those of `weights`, also its output and gradients.

    `weights` maps names to tensors of different shapes: each goes into the parameter of its shape, so neither the
    names of submodules nor their order matter. A nonlinearity that is a dict stands for a torch module.
    """
    from hw2.mlp import MLP

    model = MLP(in_dim=x.shape[1], dims=list(dims), nonlins=[_nonlinearity(nonlin) for nonlin in nonlins])
    parameters = list(model.parameters())
    outputs = {
        "parameter shapes": sorted(list(parameter.shape) for parameter in parameters),
        "in_dim": getattr(model, "in_dim", None),
        "out_dim": getattr(model, "out_dim", None),
    }
    by_shape = {tuple(parameter.shape): parameter for parameter in parameters}
    if sorted(by_shape) != sorted(tuple(weight.shape) for weight in weights.values()):
        return outputs
    named = {name: by_shape[tuple(weight.shape)] for name, weight in weights.items()}
    with torch.no_grad():
        for name, parameter in named.items():
            parameter.copy_(weights[name])
    return outputs | _pass(model, x=x, named=named, dout=dout)


def _nonlinearity(nonlin):
    """Return a name as it is, and the torch module that a dict describes."""
    return nonlin if isinstance(nonlin, str) else getattr(torch.nn, nonlin["module"])(*nonlin["arguments"])


def _pass(model, *, x, named, dout):
    """Run a batch forward, and back if there is a `dout`."""
    leaf = x.clone().requires_grad_()
    z = model(leaf)
    outputs = {"z": copy_of(z)}
    if dout is not None and isinstance(z, torch.Tensor) and z.shape == dout.shape and z.requires_grad:
        z.backward(dout.clone())
        outputs["grad of x"] = copy_of(leaf.grad)
        outputs |= {f"grad of {name}": copy_of(parameter.grad) for name, parameter in named.items()}
    return outputs


# ---------------------------------------------------------------- classifiers


class _Affine(torch.nn.Module):
    """Give the scores W x + b; a model without secrets."""

    def __init__(self, w, b):
        super().__init__()
        self.w = torch.nn.Parameter(w.clone())
        self.b = torch.nn.Parameter(b.clone())

    def forward(self, x):
        return torch.nn.functional.linear(x, self.w, self.b)


@probe(needs=CLASSIFIER)
def classified(*, kind, x, w, b, options=None, dout=None):
    """Return scores, probabilities and labels that a classifier around W x + b gives; with `dout` gradients, too."""
    model = _Affine(w, b)
    classifier = _student_class(kind)(model=model, **(options or {}))
    outputs = {"number of parameters": len(list(classifier.parameters()))}
    z = classifier(x.clone())
    outputs["scores"] = copy_of(z)
    if dout is not None and isinstance(z, torch.Tensor) and z.shape == dout.shape and z.requires_grad:
        z.backward(dout.clone())
        outputs |= {"grad of w": copy_of(model.w.grad), "grad of b": copy_of(model.b.grad)}
    outputs["probabilities"] = copy_of(classifier.predict_proba(x.clone()))
    outputs["labels"] = copy_of(classifier.classify(x.clone()))
    return outputs


@probe(needs=CLASSIFIER)
def probabilities_of_scores(*, z):
    """Return the probabilities for given scores; the classifier's model is never asked."""
    classifier = _student_class("ArgMaxClassifier")(model=torch.nn.Identity())
    return {"probabilities": copy_of(classifier.predict_proba_scores(z.clone()))}


@probe(needs=CLASSIFIER)
def labels_by_threshold(*, x, w, b, thresholds):
    """Return the labels of one BinaryClassifier for one threshold after the other."""
    classifier = _student_class("BinaryClassifier")(model=_Affine(w, b), threshold=0.5)  # others may be refused there
    outputs = {}
    for threshold in thresholds:
        classifier.threshold = threshold
        outputs[f"labels at {threshold:g}"] = copy_of(classifier.classify(x.clone()))
    return outputs


def _student_class(name):
    import hw2.classifier

    return getattr(hw2.classifier, name)


def _known(base, *, classify):
    """Derive a class from a student's classifier, with known methods in place of theirs."""

    class Known(base):
        def forward(self, x):
            return self.model(x)

        def predict_proba(self, x):
            return torch.softmax(self.model(x), dim=1)

        def predict_proba_scores(self, z):
            return torch.softmax(z, dim=1)

        def classify(self, x):
            return self._classify(self.predict_proba(x))

        def classify_scores(self, z):
            return self._classify(self.predict_proba_scores(z))

        def _classify(self, y_proba):
            return classify(self, y_proba).to(torch.int)

    return Known


def _known_argmax(model):
    known = _known(_student_class("ArgMaxClassifier"), classify=lambda _, y_proba: y_proba.argmax(dim=1))
    return known(model=model)


def _known_binary(model, *, threshold=0.5):
    known = _known(
        _student_class("BinaryClassifier"), classify=lambda self, y_proba: y_proba[:, 1] >= float(self.threshold)
    )
    return known(model=model, threshold=threshold)


# ---------------------------------------------------------------- the trainer


class _PlainSGD:
    """Move parameters against their gradients, as torch.optim.SGD does without options."""

    def __init__(self, parameters, *, lr):
        self.param_groups = [{"params": list(parameters), "lr": lr}]
        self.steps = 0

    def zero_grad(self, set_to_none=True):
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None if set_to_none else torch.zeros_like(parameter)

    @torch.no_grad()
    def step(self, closure=None):
        self.steps += 1
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                parameter -= self.param_groups[0]["lr"] * parameter.grad


@probe(needs=TRAINER)
def classifier_training(*, w, b, xs, ys, lr, kind="argmax", threshold=0.5, device=None):
    """Train W x + b on one batch after the other; return losses, counts and the parameters after each step."""
    trainer, model, optimizer = _known_trainer(w, b, lr=lr, kind=kind, threshold=threshold, device=device)
    outputs = {}
    for i, (x, y) in enumerate(zip(xs, ys, strict=True), start=1):
        outputs |= _result(trainer.train_batch((x.clone(), y.clone())), suffix=f" {i}")
        outputs |= {f"w after step {i}": copy_of(model.w), f"b after step {i}": copy_of(model.b)}
    return outputs | {"number of steps": optimizer.steps}


@probe(needs=TRAINER)
def classifier_evaluation(*, w, b, x, y, gradient, kind="argmax", threshold=0.5):
    """Call test_batch once; the parameters have a gradient from before."""
    trainer, model, optimizer = _known_trainer(w, b, lr=0.5, kind=kind, threshold=threshold, device=None)
    model.w.grad = gradient.clone()
    with _graph_recorder(model) as recorded:
        result = trainer.test_batch((x.clone(), y.clone()))
    return _result(result) | {
        "number of steps": optimizer.steps,
        "w afterwards": copy_of(model.w),
        "b afterwards": copy_of(model.b),
        "grad of w afterwards": copy_of(model.w.grad),
        "calls of the model": len(recorded),
        "calls that record a graph": sum(recorded),
    }


def _known_trainer(w, b, *, lr, kind, threshold, device):
    from hw2.training import ClassifierTrainer

    model = _Affine(w, b)
    classifier = _known_binary(model, threshold=threshold) if kind == "binary" else _known_argmax(model)
    optimizer = _PlainSGD(model.parameters(), lr=lr)
    options = {} if device is None else {"device": torch.device(device)}
    return ClassifierTrainer(classifier, torch.nn.CrossEntropyLoss(), optimizer, **options), model, optimizer


@contextlib.contextmanager
def _graph_recorder(model):
    """Note for each call of the model whether its output remembers where it came from."""
    recorded = []
    hook = model.register_forward_hook(lambda module, inputs, output: recorded.append(output.requires_grad))
    try:
        yield recorded
    finally:
        hook.remove()


def _result(result, *, suffix=""):
    return {
        f"loss{suffix}": _number(getattr(result, "loss", None)),
        f"num_correct{suffix}": _number(getattr(result, "num_correct", None)),
    }


# ---------------------------------------------------------------- thresholds


class _FirstFeature(torch.nn.Module):
    """Give the scores [0, x1]: the probability of class 1 is the sigmoid of the first feature."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, x):
        score = self.scale * x[:, 0]
        return torch.stack([torch.zeros_like(score), score], dim=1)


@probe(needs=CLASSIFIER)
def roc_threshold(*, x, y, plot=False):
    """Return the selected threshold, and the classifier's own one afterwards; with `plot` it draws into given axes."""
    from hw2.classifier import select_roc_thresh

    options = {}
    if plot:
        options = {"plot": True, "ax": _new_axes()[1]}
    classifier = _known_binary(_FirstFeature(), threshold=0.5)
    return {"threshold": _number(select_roc_thresh(classifier, x.clone(), y.clone(), **options))}


def _new_axes():
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt.subplots()


# ---------------------------------------------------------------- the figure


class _Wedge(torch.nn.Module):
    """Give class 1 to the points right of `corner` and below it."""

    def __init__(self, corner):
        super().__init__()
        self.corner = torch.nn.Parameter(corner.clone())

    def forward(self, x):
        right, below = x[:, 0] - self.corner[0], self.corner[1] - x[:, 1]
        score = 20 * torch.minimum(right, below)
        return torch.stack([-score, score], dim=1)


@probe(needs=CLASSIFIER)
def decision_boundary(*, x, y, corner, where, dx=None, own_axes=False):
    """Draw the boundary of a known classifier; return what it was asked and the colours of the figure at `where`."""
    from hw2.classifier import plot_decision_boundary_2d

    _, axes = _new_axes()
    asked = []
    model = _Wedge(corner)
    model.register_forward_hook(lambda module, inputs, output: asked.append(inputs[0].detach().double()))
    options = {} if dx is None else {"dx": dx}
    if own_axes:
        options["ax"] = axes
    returned = plot_decision_boundary_2d(_known_binary(model), x.clone(), y.clone(), **options)
    if not _is_figure_and_axes(returned):
        return {"returned": "something else"}
    _, ax = returned
    return {
        "returned": "(fig, ax)",
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


# ---------------------------------------------------------------- training


@probe(needs=["hw2.answers"])
def part3_hyperparameters():
    """Return both dicts of hyperparameters in words and numbers."""
    from hw2.answers import part3_arch_hp, part3_optim_hp

    return {"arch": _described(part3_arch_hp()), "optim": _described(part3_optim_hp())}


def _described(settings):
    """Keep names, numbers and the like; say of other objects whether they can be called."""
    if not isinstance(settings, dict):
        return settings
    return {str(key): _plain(value) for key, value in settings.items()}


def _plain(value):
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, numbers.Real):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    return "callable" if callable(value) else "something else"


@probe(needs=["hw2.mlp", "hw2.classifier", "hw2.training", "hw2.answers"])
def moons(*, train_x, train_y, valid_x, valid_y, test_x, num_epochs, attempt=0):
    """Train the classifier of part 3 as the document does; return its labels for training and test inputs.

    What fit returned comes with them.
    """
    from hw2.answers import part3_arch_hp, part3_optim_hp
    from hw2.classifier import BinaryClassifier
    from hw2.mlp import MLP
    from hw2.training import ClassifierTrainer

    _draw_other_numbers(attempt)
    arch, optim = part3_arch_hp(), part3_optim_hp()
    hidden = arch["n_layers"]
    model = BinaryClassifier(
        model=MLP(
            in_dim=2,
            dims=[*[arch["hidden_dims"]] * hidden, 2],
            nonlins=[*[arch["activation"]] * hidden, arch["out_activation"]],
        ),
        threshold=0.5,
    )
    loss_fn = optim.pop("loss_fn")
    optimizer = torch.optim.SGD(params=model.parameters(), **optim)
    loaders = [_loader(train_x, train_y), _loader(valid_x, valid_y)]
    result = ClassifierTrainer(model, loss_fn, optimizer).fit(*loaders, num_epochs=num_epochs, print_every=10)
    return reported(result) | {
        "parameters are finite": all(bool(parameter.isfinite().all()) for parameter in model.parameters()),
        "labels of training points": _labels(model, train_x),
        "labels": _labels(model, test_x),
    }


@probe(needs=EXPERIMENTS)
def mlp_experiments(
    *, train_x, train_y, valid_x, valid_y, known_x, known_y, test_x, depths, widths, num_epochs, attempt=0
):
    """Run mlp_experiment for each depth and width; return what it reports, and the labels for other inputs.

    `known_x` and `known_y` are the test set that it gets. The returned model labels `test_x`, which it never saw, and
    gives probabilities for the validation set.
    """
    from hw2.experiments import mlp_experiment

    _draw_other_numbers(attempt)
    parts = [(train_x, train_y), (valid_x, valid_y), (known_x, known_y)]
    outputs = {}
    for width in widths:
        for depth in depths:
            loaders = [_CountingLoader(x, y) for x, y in parts]
            returned = mlp_experiment(depth, width, *loaders, n_epochs=num_epochs)
            key = f"depth {depth}, width {width}"
            outputs[key] = _experiment(returned, loaders, valid_x=valid_x, known_x=known_x, test_x=test_x)
    return outputs


def _experiment(returned, loaders, *, valid_x, known_x, test_x):
    if not (isinstance(returned, tuple | list) and len(returned) == 4):
        return {"returned": "something else"}
    model, threshold, valid_acc, test_acc = returned
    outputs = {
        "returned": "four values",
        "threshold": _number(threshold),
        "valid_acc": _number(valid_acc),
        "test_acc": _number(test_acc),
        "rounds of training data": loaders[0].rounds,
    }
    if not isinstance(model, torch.nn.Module):
        return outputs | {"model": "something else"}
    model.train(False)
    model.threshold = threshold
    with torch.no_grad():
        scores = model(valid_x.clone())
    return outputs | {
        "model": "torch module",
        "parameter shapes": sorted(list(parameter.shape) for parameter in model.parameters()),
        "scores of validation points": copy_of(scores),
        "labels of known test points": _labels(model, known_x),
        "labels": _labels(model, test_x),
    }


class _CountingLoader(DataLoader):
    """Shuffle batches of 32, and count how often they are gone through."""

    def __init__(self, x, y):
        super().__init__(TensorDataset(x.clone(), y.clone()), batch_size=32, shuffle=True)
        self.rounds = 0

    def __iter__(self):
        self.rounds += 1
        return super().__iter__()


def _loader(x, y):
    return DataLoader(TensorDataset(x.clone(), y.clone()), batch_size=32, shuffle=True, num_workers=0)


def _draw_other_numbers(attempt):
    """Let every attempt but the first start from other parameters than the check's seed gives."""
    if attempt:
        torch.default_generator.manual_seed(attempt)


def _labels(model, x):
    with torch.no_grad():
        return copy_of(model.classify(x.clone()))


# ---------------------------------------------------------------- shared steps


def _number(value):
    """Turn a number (torch's and NumPy's among them) into a tensor without axes; leave anything else."""
    if getattr(value, "shape", None) in ((), (1,)) and hasattr(value, "item"):
        value = value.item()
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return torch.tensor(float(value)) if is_number else value
