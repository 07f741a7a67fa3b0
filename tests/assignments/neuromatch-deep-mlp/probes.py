"""Probes of the network, the training loop, the split, the search over depths, the features and the initialization.

What a function of the student's takes from the notebook around it (X_train, Net, train_test_classification, …) is set
here before it is called, so that each task stands for itself. probes_images.py has the images, probes_training.py the
training.
"""

import contextlib
import functools
import inspect
import io
import itertools

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe

# ---------------------------------------------------------------- the network


@probe(needs=["notebook_net"])
def network(*, actv, sizes, x, weights, biases):
    """Return the shapes of the linear layers in the order of their calls, and the scores for given parameters."""
    from notebook_net import Net

    net = Net(actv, sizes[0], list(sizes[1:-1]), sizes[-1])
    layers = linear_layers(net, x)
    outputs = {
        "linear layers": [[layer.in_features, layer.out_features] for layer in layers],
        "number of parameters": sum(p.numel() for p in net.parameters()),
    }
    if [layer.weight.shape for layer in layers] == [weight.shape for weight in weights]:
        with torch.no_grad():
            for layer, weight, bias in zip(layers, weights, biases, strict=True):
                layer.weight.copy_(weight)
                if layer.bias is not None:
                    layer.bias.copy_(bias)
            outputs["scores"] = copied(scores_in(net(x.clone())))
    return outputs


def scores_in(returned):
    """Return the scores in what a network returned: they may come with more, such as the values before them."""
    several = returned if isinstance(returned, tuple | list) else (returned,)
    return next((one for one in several if isinstance(one, torch.Tensor)), returned)


def extras_of(notebook):
    """Return how many things the notebook's Net returns beside the scores, which its own loop has to unpack."""
    with contextlib.suppress(Exception), torch.no_grad():
        returned = notebook.Net("ReLU()", 2, [3], 4)(torch.zeros(5, 2))
        if isinstance(returned, tuple | list) and isinstance(returned[0], torch.Tensor):
            return len(returned) - 1
    return 0


def linear_layers(net, x):
    """Return the linear layers of a network as it calls them; of one that can't be run, as it holds them."""
    layers = [module for module in net.modules() if isinstance(module, nn.Linear)]
    called = []
    hooks = [layer.register_forward_pre_hook(lambda layer, _inputs: called.append(layer)) for layer in layers]
    try:
        with torch.no_grad():
            net(x.clone())
    except Exception:  # the pass for the scores tells what is wrong
        called = layers
    for hook in hooks:
        hook.remove()
    return called


# ---------------------------------------------------------------- training


class TwoFaced(nn.Module):
    """A linear classifier whose scores are rotated by one class in evaluation mode: the mode shows in what it does."""

    def __init__(self, weight, bias, extras):
        super().__init__()
        self.extras = extras  # what the notebook's own network returns beside its scores
        self.linear = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.copy_(bias)

    def forward(self, x):
        scores = self.linear(x)
        shown = scores if self.training else scores.roll(1, dims=1)
        return (shown, *[x.detach()] * self.extras) if self.extras else shown


@probe(needs=["notebook_training"])
def training(*, data, weight, bias, lr, num_epochs, batch_size, criterion="CrossEntropyLoss", options=None):
    """Train a two-faced classifier with plain SGD on unshuffled batches; return parameters and accuracies."""
    import notebook_training as notebook
    from notebook_training import train_test_classification

    net = TwoFaced(weight, bias, extras_of(notebook))
    parts = [(data["train_x"], data["train_y"]), (data["test_x"], data["test_y"])]
    loaders = [DataLoader(TensorDataset(x.clone(), y.clone()), batch_size=batch_size) for x, y in parts]
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    loss = getattr(nn, criterion)(**(options or {}))
    returned = train_test_classification(net, loss, optimizer, *loaders, num_epochs=num_epochs, verbose=False)
    train_acc, test_acc = returned
    return {
        "weight": copied(net.linear.weight),
        "bias": copied(net.linear.bias),
        "training accuracy": float(train_acc),
        "test accuracy": float(test_acc),
    }


# ---------------------------------------------------------------- the split


@probe(needs=["notebook_split"])
def split(*, X, y, seeds):
    """Split the same data once for each seed, with other random numbers drawn before each call."""
    from notebook_split import shuffle_and_split_data

    outputs = {}
    X_given, y_given = X.clone(), y.clone()
    for number, seed in enumerate(seeds, start=1):
        torch.manual_seed(1000 + number)
        returned = shuffle_and_split_data(X_given, y_given, seed)
        outputs[f"call {number}"] = [copied(part) for part in returned]
    return outputs | {"X afterwards": X_given, "y afterwards": y_given}


# ---------------------------------------------------------------- depth


class KnownNet(nn.Module):
    """A network as the course describes it, which takes the place of the student's; `frozen` numbers aren't trained."""

    def __init__(self, actv, input_feature_num, hidden_unit_nums, output_feature_num, *, frozen=0):
        super().__init__()
        sizes = [int(size) for size in (input_feature_num, *hidden_unit_nums, output_feature_num)]
        self.sizes = sizes
        self.input_feature_num = sizes[0]
        layers = []
        for before, after in itertools.pairwise(sizes):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])
        if frozen:
            self.offset = nn.Parameter(torch.zeros(frozen), requires_grad=False)

    def forward(self, x):
        return self.mlp(x.reshape(-1, self.input_feature_num))


class SearchWithoutEnd(Exception):
    """End a search for a width that goes on far beyond what is asked for."""


class Search:
    """Make known networks, and end a search that makes far too many, or looks at one of them again and again."""

    def __init__(self, *, frozen, most):
        self.frozen, self.most = frozen, most
        self.looks, self.widest, self.narrowest = 0, 0, 0

    def make(self, actv, input_feature_num, hidden_unit_nums, output_feature_num):
        """Return a network. Raises SearchWithoutEnd."""
        self.look()
        widths = [int(width) for width in hidden_unit_nums]
        if max(widths, default=0) > self.most // 10:
            self.widest = max(widths)
            raise SearchWithoutEnd
        self.narrowest = min(self.widest or max(widths, default=0), max(widths, default=0))
        self.widest = max(self.widest, *widths) if widths else self.widest
        net = KnownNet(actv, input_feature_num, widths, output_feature_num, frozen=self.frozen)
        net.named_parameters = self._looked_at(net.named_parameters)
        return net

    def look(self):
        """Count one more look at a network. Raises SearchWithoutEnd."""
        self.looks += 1
        if self.looks > self.most:
            raise SearchWithoutEnd

    def _looked_at(self, named_parameters):
        def look(*arguments, **options):
            self.look()
            return named_parameters(*arguments, **options)

        return look


def counted_by(notebook):
    """Return what count_parameters says of a network of 4 tensors with 25 numbers, None where it says no number."""
    with contextlib.suppress(Exception):
        return int(notebook.count_parameters(KnownNet("ReLU()", 2, [3], 4)))
    return None


@probe(needs=["notebook_depth"])
def depth(*, features, classes, max_par_count, max_hidden_layer, scores, frozen=0):
    """Run run_depth_optimizer with a training that only writes down what it gets and returns `scores` in turn."""
    import notebook_depth as notebook

    data = TensorDataset(torch.zeros(6, features), torch.zeros(6))
    notebook.X_train, notebook.y_train = data.tensors
    notebook.X_test, notebook.y_test = torch.zeros(3, features), torch.zeros(3)
    notebook.K, notebook.DEVICE = classes, "cpu"
    notebook.train_loader, notebook.test_loader = DataLoader(data, batch_size=3), DataLoader(data, batch_size=2)
    search = Search(frozen=frozen, most=20 * max_par_count + 1000)
    notebook.Net = search.make
    sizes, faults, epochs = [], [], set()
    own = getattr(notebook, "train_test_classification", None)

    def train(net, criterion, optimizer, train_loader, test_loader, *more, **options):
        layers = linear_layers(net, data.tensors[0])
        sizes.append([layer.in_features for layer in layers[:1]] + [layer.out_features for layer in layers])
        trained = {id(p) for p in net.parameters() if p.requires_grad}
        if not trained <= {id(p) for group in optimizer.param_groups for p in group["params"]}:
            faults.append("the optimizer does not hold the parameters of the network that is trained")
        if train_loader is not notebook.train_loader or test_loader is not notebook.test_loader:
            faults.append("the training does not get train_loader and test_loader, in this order")
        asked = bound(own, (net, criterion, optimizer, train_loader, test_loader, *more), options)
        epochs.add(asked.get("num_epochs"))
        if str(asked.get("device", "cpu")).partition(":")[0] != "cpu":
            faults.append("the training does not get the device")
        return 100.0 + len(sizes), scores[(len(sizes) - 1) % len(scores)]

    notebook.train_test_classification = train
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # figures that are made up would only confuse
            hidden_layers, test_scores = notebook.run_depth_optimizer(max_par_count, max_hidden_layer, "cpu")
    except SearchWithoutEnd:
        return {"networks": sizes, "search": [search.widest, search.narrowest], "counted": counted_by(notebook)}
    return {
        "hidden layers": [int(number) for number in hidden_layers],
        "networks": sizes,
        "test scores": [float(score) for score in test_scores],
        "faults": sorted(set(faults)),
        "epochs": sorted(number for number in epochs if isinstance(number, int)),
    }


def bound(function, arguments, options):
    """Return what a call of the notebook's own function hands over, by parameter; nothing where it doesn't fit."""
    try:
        call = inspect.signature(function).bind(*arguments, **options)
    except (TypeError, ValueError):
        return {}
    call.apply_defaults()
    return call.arguments


# ---------------------------------------------------------------- polynomial features


@probe(needs=["notebook_poly"])
def polynomials(*, degree, train, test):
    """Run run_poly_classification without training; return the features that the training would have got.

    The rows come back in the order of `train` and `test`: each label is the number of its row.
    """
    import notebook_poly as notebook

    outputs = {}

    def train_nothing(net, criterion, optimizer, train_loader, test_loader, *_more, **_options):
        outputs["training features"] = _rows_in_order(train_loader)
        outputs["test features"] = _rows_in_order(test_loader)
        outputs["network"] = list(net.sizes)
        return 0.0, 0.0

    set_points(notebook, train, torch.arange(len(train)), test, torch.arange(len(test)), classes=4)
    notebook.Net, notebook.train_test_classification = KnownNet, train_nothing
    notebook.sample_grid = lambda *_sizes, **_options: test.clone()
    notebook.plot_decision_map = lambda *_shown, **_options: None
    with in_this_process():
        returned = notebook.run_poly_classification(degree, "cpu", 0)
    return outputs | {"number of features": returned}


def set_points(notebook, train_x, train_y, test_x, test_y, *, classes):
    """Give the notebook's functions these points to train on."""
    notebook.X_train, notebook.y_train = train_x.clone(), train_y.float()
    notebook.X_test, notebook.y_test = test_x.clone(), test_y.float()
    notebook.K, notebook.DEVICE = classes, "cpu"


def _rows_in_order(loader):
    batches = list(loader)
    rows, numbers = torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])
    return rows[numbers.argsort()]


@contextlib.contextmanager
def in_this_process():
    """Make every DataLoader work without processes of its own: starting them for each epoch takes longer than all
    else, and what they draw doesn't depend on it."""
    original = DataLoader.__init__

    @functools.wraps(original)
    def begin(self, *arguments, **options):
        bound = inspect.signature(original).bind(self, *arguments, **options)
        bound.arguments.update(num_workers=0)
        for name in ("prefetch_factor", "persistent_workers", "timeout", "multiprocessing_context"):
            bound.arguments.pop(name, None)
        original(*bound.args, **bound.kwargs)

    DataLoader.__init__ = begin
    try:
        yield
    finally:
        DataLoader.__init__ = original


# ---------------------------------------------------------------- initialization


@probe(needs=["notebook_xavier"])
def initial_weights(*, gain, in_features, out_features, mode=None):
    """Return the weights of a linear layer after init_weights."""
    import notebook_xavier as notebook

    layer = nn.Linear(in_features, out_features)
    before = copied(layer.weight)
    initialize = with_gain(notebook, gain)
    initialize(layer) if mode is None else initialize(layer, mode=mode)
    return {"weight": copied(layer.weight), "unchanged": bool(torch.equal(before, layer.weight))}


@probe(needs=["notebook_xavier"])
def mixed_network(*, gain):
    """Apply init_weights to a network with layers that have weights of another kind, or none."""
    import notebook_xavier as notebook

    net = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.ReLU(), nn.Sequential(nn.Linear(8, 300)))
    net.apply(with_gain(notebook, gain))
    return {"norm": copied(net[1].weight), "inner weight": copied(net[3][0].weight)}


@probe(needs=["notebook_xavier"])
def gain_of_leaky_relu():
    import notebook_xavier as notebook

    gain, slope = notebook.theoretical_gain, notebook.negative_slope
    return {"theoretical_gain": None if gain is None else float(gain), "negative_slope": float(slope)}


@probe(needs=["notebook_xavier"])
def signal(*, x, depth):
    """Send x through layers of its width with LeakyReLU, initialized with the notebook's gain; return mean squares."""
    import notebook_xavier as notebook

    gain = notebook.theoretical_gain
    if gain is None:
        return {"mean squares": None}
    width = x.shape[1]
    net = nn.Sequential(*[nn.Linear(width, width) for _ in range(depth)])
    net.apply(with_gain(notebook, float(gain)))
    mean_squares = []
    with torch.no_grad():
        for layer in net:
            layer.bias.zero_()  # what becomes of it is open
        for layer in net:
            x = nn.functional.leaky_relu(layer(x), float(notebook.negative_slope))
            mean_squares.append(float((x**2).mean()))
    return {"mean squares": mean_squares}


def with_gain(notebook, gain):
    """Return the notebook's init_weights with this gain, which it takes from the notebook or as an argument."""
    notebook.gain = gain
    if "gain" in inspect.signature(notebook.init_weights).parameters:
        return functools.partial(notebook.init_weights, gain=gain)
    return notebook.init_weights


def copied(tensor):
    """Return a copy of a student's tensor without its graph; anything else as it is."""
    return tensor.detach().clone() if isinstance(tensor, torch.Tensor) else tensor
