"""Probes of part 4: networks and residual blocks, filled with weights of ours, and the training of a small CNN.

A network's layers are found by running it, so neither the names of submodules nor the order in which they are created
matter, and activations and pooling may be modules or functions. The student's own MLP is part of their networks; only
where its layers can't be found, since they are no torch layers, one of ours takes its place.
"""

import contextlib
import inspect
import itertools

import torch
from probes import copy_of
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe

NETWORKS = ["hw2.cnn"]
NONLINS = {  # the text's names
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softmax": lambda: nn.Softmax(dim=1),
    "logsoftmax": lambda: nn.LogSoftmax(dim=1),
    "lrelu": nn.LeakyReLU,
    "none": nn.Identity,
}
WITH_PARAMETERS = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)


# ---------------------------------------------------------------- any network of hw2.cnn


@probe(needs=NETWORKS)
def network_layers(*, kind, options, in_size):
    """Return what the layers with parameters are, in one line: a block's main path first, then its shortcut."""
    net = _new(kind, options).eval()
    return {"layers": _in_words(_layers(net, torch.zeros(2, *in_size)))}


@probe(needs=NETWORKS)
def network_pass(*, kind, options, x, weights, dout=None):
    """Return the output in test mode for given weights; with `dout` the gradients, too.

    `weights` are named "1.weight", "1.bias", "1.running_mean", …: the number is a layer's place in the line that
    `network_layers` returns. What is not given becomes zero. If the shapes don't fit, only that line comes back.
    """
    net = _new(kind, options).eval()
    layers = _layers(net, x)
    outputs = {"layers": _in_words(layers)}
    if not _fill(layers, weights):
        return outputs
    leaf = x.clone().requires_grad_()
    z = net(leaf)
    outputs["z"] = copy_of(z)
    if dout is not None and isinstance(z, torch.Tensor) and z.shape == dout.shape and z.requires_grad:
        net.zero_grad()
        z.backward(dout.clone())
        outputs["grad of x"] = _gradient(leaf)
        outputs |= {f"grad of {name}": _gradient(p) for name, p in _parameters(layers) if name in weights}
    return outputs


@probe(needs=NETWORKS)
def block_in_training(*, kind, options, x, weights):
    """Return what the first residual block computes in training mode: its output, and each convolution's input.

    The convolutions are those of the main path, counted from 1.
    """
    net = _new(kind, options).eval()
    layers = _layers(net, x)
    outputs = {"layers": _in_words(layers)}
    if not _fill(layers, weights):
        return outputs
    net.train()
    block = _first_block(net, x)
    inside = {id(module) for module in block.modules()}
    convolutions = [
        layer
        for place, layer in layers
        if id(layer) in inside and isinstance(layer, nn.Conv2d) and not place.endswith("shortcut: ")
    ]
    _keep(outputs, block, name="output")
    for i, convolution in enumerate(convolutions, start=1):
        _keep(outputs, convolution, name=f"input of convolution {i}", before=True)
    with torch.no_grad():
        net(x.clone())
    return outputs


@probe(needs=NETWORKS)
def feature_count(*, kind, options):
    """Return what _n_features of a new network returns, and what calling it changes; nothing if there is no such
    method that can be called without arguments."""
    net = _new(kind, options)
    method = getattr(net, "_n_features", None)
    if not callable(method) or inspect.signature(method).parameters:
        return {"has the method": False}
    state = {name: value.clone() for name, value in net.state_dict().items() if not is_lazy(value)}
    modes = [module.training for module in net.modules()]
    stream = torch.get_rng_state()
    count = method()
    after = net.state_dict()
    changed = [name for name, value in state.items() if not torch.equal(after.get(name, value), value)]
    return {
        "has the method": True,
        "number of features": int(count),
        "draws random numbers": not torch.equal(stream, torch.get_rng_state()),
        "tensors that change": changed,
        "changes the mode": modes != [module.training for module in net.modules()],
    }


@probe(needs=NETWORKS)
def new_statistics(*, kind, options):
    """Return the running statistics of a network that was just created, all of one kind in one row."""
    norms = [module for module in _new(kind, options).modules() if isinstance(module, nn.BatchNorm2d)]
    outputs = {"number of norms": len(norms)}
    if norms and all(norm.track_running_stats for norm in norms):
        outputs["running means"] = torch.cat([norm.running_mean for norm in norms])
        outputs["running variances"] = torch.cat([norm.running_var for norm in norms])
    return outputs


def _new(kind, options):
    """Create a network of hw2.cnn; with an MLP of ours only where the layers of the student's own can't be found."""
    import hw2.cnn

    net = getattr(hw2.cnn, kind)(**options)
    if not _has_hidden_parameters(net):
        return net
    with _findable_mlp(), contextlib.suppress(Exception):  # the student's own stays where ours doesn't fit
        net = getattr(hw2.cnn, kind)(**options)
    return net


def _has_hidden_parameters(net):
    """Tell whether a network has parameters in other places than the layers that are looked for."""
    found = {id(parameter) for layer in _with_parameters(net) for parameter in layer.parameters(recurse=False)}
    return any(id(parameter) not in found for parameter in net.parameters())


@contextlib.contextmanager
def _findable_mlp():
    """Let hw2.cnn use an MLP of Linear layers for a while."""
    import hw2.cnn
    import hw2.mlp

    own = hw2.mlp.MLP
    users = [module for module in (hw2.mlp, hw2.cnn) if getattr(module, "MLP", None) is own]
    for module in users:
        module.MLP = _FindableMLP
    try:
        yield
    finally:
        for module in users:
            module.MLP = own


class _FindableMLP(nn.Sequential):
    """Linear layers, each followed by its nonlinearity."""

    def __init__(self, in_dim, dims, nonlins):
        widths = itertools.pairwise([in_dim, *dims])
        pairs = [(nn.Linear(*width), _module(nonlin)) for width, nonlin in zip(widths, nonlins, strict=True)]
        super().__init__(*itertools.chain.from_iterable(pairs))
        self.in_dim, self.out_dim = in_dim, dims[-1]


def _module(nonlin):
    return NONLINS[nonlin]() if isinstance(nonlin, str) else nonlin


# ---------------------------------------------------------------- finding layers


def _layers(net, x):
    """Return (place, layer) for the layers with parameters, in the order in which the network calls them.

    In a residual block the main path comes first, then the shortcut. A network that can't be run tells its layers
    nevertheless: those it did not come to are listed at the end.
    """
    calls, inputs = _run(net, x)
    owners = {id(layer): block for block in _blocks(net) for layer in _with_parameters(block)}  # inner blocks last
    calls += [layer for layer in _with_parameters(net) if not any(layer is called for called in calls)]
    first = {}
    for i, layer in enumerate(calls):
        first.setdefault(id(owners.get(id(layer), layer)), i)
    shortcuts = {id(layer) for block in _blocks(net) for layer in _shortcut(block, inputs)}
    calls.sort(key=lambda layer: (first[id(owners.get(id(layer), layer))], id(layer) in shortcuts))
    numbers = _numbers(owners[id(layer)] for layer in calls if id(layer) in owners)
    alone = _is_block(net)
    placed = []
    for layer in calls:
        path = "shortcut: " if id(layer) in shortcuts else "main: "
        number = "" if alone else f"block {numbers.get(id(owners.get(id(layer))))} "
        placed.append((f"{number}{path}" if id(layer) in owners else "", layer))
    return placed


def _numbers(blocks):
    """Number blocks from 1 in the order of their first occurrence."""
    numbers = {}
    for block in blocks:
        numbers.setdefault(id(block), len(numbers) + 1)
    return numbers


def _run(net, x):
    """Run a batch; return the layers with parameters as they are called, and what layers and blocks get as input."""
    calls, inputs = [], {}

    def note(module, arguments):
        inputs.setdefault(id(module), arguments[0] if arguments else None)
        if isinstance(module, WITH_PARAMETERS):
            calls.append(module)

    watched = [*_with_parameters(net), *_blocks(net)]
    hooks = [module.register_forward_pre_hook(note) for module in watched]
    with torch.no_grad(), contextlib.suppress(Exception):  # a failing pass is the business of `network_pass`
        net(x.clone())
    for hook in hooks:
        hook.remove()
    return calls, inputs


def _with_parameters(module):
    return [layer for layer in module.modules() if isinstance(layer, WITH_PARAMETERS)]


def _blocks(net):
    """Return the residual blocks in a network, the network itself among them, outer ones before inner ones."""
    return [module for module in net.modules() if _is_block(module)]


def _is_block(module):
    import hw2.cnn

    names = ("ResidualBlock", "ResidualBottleneckBlock")
    return isinstance(module, tuple(getattr(hw2.cnn, name) for name in names if hasattr(hw2.cnn, name)))


def _shortcut(block, inputs):
    """Return the layers of a block's shortcut: by the names that the course gives the two paths, else by what they
    get: of the convolutions that see the block's input, the one that projects."""
    shortcut, main = getattr(block, "shortcut_path", None), getattr(block, "main_path", None)
    if isinstance(shortcut, nn.Module):
        return _with_parameters(shortcut)
    layers = _with_parameters(block)
    if isinstance(main, nn.Module):
        on_main = {id(layer) for layer in _with_parameters(main)}
        return [layer for layer in layers if id(layer) not in on_main]
    start = [layer for layer in layers if isinstance(layer, nn.Conv2d) and _same(inputs, layer, block)]
    projections = [layer for layer in start if tuple(layer.kernel_size) == (1, 1) and layer.bias is None]
    return (projections or start)[-1:] if len(start) > 1 else []


def _same(inputs, layer, block):
    """Tell whether a layer and its block got the same tensor."""
    pair = inputs.get(id(layer)), inputs.get(id(block))
    return all(isinstance(x, torch.Tensor) for x in pair) and pair[0].data_ptr() == pair[1].data_ptr()


def _first_block(net, x):
    """Return the first block that has returned when a network is run, the network itself where it has none."""
    called = []
    hooks = [block.register_forward_hook(lambda block, *_: called.append(block)) for block in _blocks(net)]
    with torch.no_grad():
        net.eval()
        net(x.clone())
        net.train()
    for hook in hooks:
        hook.remove()
    return called[0] if called else net


def _keep(outputs, module, *, name, before=False):
    """Keep a module's first input or its output when it is called."""

    def keep(module, arguments, output=None):
        outputs.setdefault(name, copy_of(arguments[0] if before else output))

    _ = module.register_forward_pre_hook(keep) if before else module.register_forward_hook(keep)


# ---------------------------------------------------------------- words and weights


def _in_words(layers):
    following = [layer for _, layer in layers[1:]] + [None]
    pairs = zip(layers, following, strict=True)
    return "; ".join(place + _describe(layer, after) for (place, layer), after in pairs)


def _describe(layer, following):
    """Say what a layer is. A convolution's bias has no effect in front of a norm, so it may be there or not."""
    if isinstance(layer, nn.BatchNorm2d):
        return f"batchnorm {layer.num_features}"
    bias = ", no bias" if layer.bias is None and not isinstance(following, nn.BatchNorm2d) else ""
    if isinstance(layer, nn.Linear):
        return f"linear {layer.in_features}→{layer.out_features}{bias}"
    kernel = "×".join(str(size) for size in layer.kernel_size)
    groups = f", {layer.groups} groups" if layer.groups > 1 else ""
    return f"conv {layer.in_channels}→{layer.out_channels}, {kernel}{groups}{bias}"


def _fill(layers, weights):
    """Write weights into the layers, zero where none are given; tell whether the shapes fit."""
    tensors = [*_parameters(layers), *_statistics(layers)]
    if any(name in weights and weights[name].shape != tensor.shape for name, tensor in tensors):
        return False
    if not weights.keys() <= {name for name, _ in tensors}:
        return False
    with torch.no_grad():
        for name, tensor in tensors:
            tensor.copy_(weights.get(name, torch.zeros_like(tensor)))
    return True


def _parameters(layers):
    return [
        (f"{i}.{name}", parameter)
        for i, (_, layer) in enumerate(layers, start=1)
        for name, parameter in layer.named_parameters(recurse=False)
    ]


def _statistics(layers):
    return [
        (f"{i}.{name}", buffer)
        for i, (_, layer) in enumerate(layers, start=1)
        for name, buffer in layer.named_buffers(recurse=False)
        if buffer.is_floating_point()
    ]


# ---------------------------------------------------------------- a design of one's own


@probe(needs=NETWORKS)
def your_cnn(*, options, x, dout):
    """Run YourCNN in training mode and back; return the scores and the gradient of x."""
    net = _new("YourCNN", options).train()
    leaf = x.clone().requires_grad_()
    z = net(leaf)
    outputs = {"z": copy_of(z), "trainable parameters": sum(p.numel() for p in net.parameters() if p.requires_grad)}
    if isinstance(z, torch.Tensor) and z.shape == dout.shape and z.requires_grad:
        z.backward(dout.clone())
        outputs["grad of x"] = _gradient(leaf)
        outputs["parameters with a gradient"] = sum(p.numel() for p in net.parameters() if p.grad is not None)
    return outputs


# ---------------------------------------------------------------- training


@probe(needs=["hw2.answers"])
def part4_hyperparameters():
    """Return the names in part4_optim_hp(), and whether the loss function can be called."""
    from hw2.answers import part4_optim_hp

    settings = part4_optim_hp()
    if not isinstance(settings, dict):
        return {"settings": settings}
    return {"settings": sorted(str(name) for name in settings), "loss_fn": callable(settings.get("loss_fn"))}


@probe(needs=[*NETWORKS, "hw2.classifier", "hw2.training", "hw2.answers"])
def overfitted_cnn(*, x, y, batch_size, max_batches, num_epochs, seed):
    """Train a small CNN as the document does; return its scores for the first images after each epoch.

    The seed is set before the network is made, as in the document.
    """
    from hw2.answers import part4_optim_hp
    from hw2.classifier import ArgMaxClassifier
    from hw2.cnn import CNN
    from hw2.training import ClassifierTrainer

    torch.manual_seed(seed)
    loader = DataLoader(TensorDataset(x.clone(), y.clone()), batch_size, shuffle=False)
    seen = x[: batch_size * max_batches]
    model = ArgMaxClassifier(
        model=CNN(
            x.shape[1:],  # a torch.Size, as in the document
            10,
            channels=[32],
            pool_every=1,
            hidden_dims=[100],
            conv_params={"kernel_size": 3, "stride": 1, "padding": 1},
            pooling_params={"kernel_size": 2},
        )
    )
    settings = part4_optim_hp()
    loss_fn = settings.pop("loss_fn")
    optimizer = torch.optim.SGD(params=model.parameters(), **settings)
    trainer = ClassifierTrainer(model, loss_fn, optimizer, torch.device("cpu"))
    scores = []
    for _ in range(num_epochs):
        trainer.train_epoch(loader, max_batches=max_batches, verbose=False)
        model.train(False)
        with torch.no_grad():
            scores.append(copy_of(model(seen.clone())))
    return {"scores": scores}


def _gradient(tensor):
    """Return what a backward pass left at a leaf: zeros where it did not come by."""
    return torch.zeros_like(tensor) if tensor.grad is None else copy_of(tensor.grad)
