"""What a notebook of this course finds around it, and the probes of the block.

Its top level opens CIFAR10, so a small one stands in for it, with images that are a formula of their number; and it
was written for versions of PyTorch Lightning between 1.6 and 2, so arguments that are gone are taken and dropped.
probes_network.py has the network and the module, probes_images.py rotation and shuffling, probes_training.py training.
"""

import contextlib
import functools
import itertools
import logging
import sys
import types
import warnings

import numpy as np
import pytorch_lightning as pl
import torch
import torchvision
from PIL import Image
from torch import nn
from torch.utils import data

from grader.probes import probe

# ---------------------------------------------------------------- the data set


ROWS = {True: 50_000, False: 10_000}  # of CIFAR10, for training and for test
MOST_SHOWN = 512  # images of one pass over a loader: notebooks go through all of them, and nothing is learned here


@functools.cache
def few_images(train):
    """Return the 200 images (200, 32, 32, 3) of noise that all others are made of."""
    return np.random.RandomState(1 if train else 2).randint(0, 256, (200, 32, 32, 3)).astype(np.uint8)


@functools.cache
def noise(train):
    """Return images (N, 32, 32, 3) of bytes, all different, in place of CIFAR10's."""
    flips = np.arange(ROWS[train] // 200, dtype=np.uint8).reshape(-1, 1, 1, 1, 1)
    return (few_images(train) ^ flips).reshape(-1, 32, 32, 3)


def labels_of(train):
    return [7 * row % 10 for row in range(ROWS[train])]


class SmallCIFAR10(torchvision.datasets.CIFAR10):
    """As many images as CIFAR10 has, of noise, made when they are asked for; writes down which of them are looked at.

    What `show_images` shows takes their place.
    """

    shown = {}  # noqa: RUF012 - {train: (images, labels)}
    opened = []  # noqa: RUF012
    seen = []  # noqa: RUF012

    def __init__(self, root=None, train=True, transform=None, target_transform=None, download=False):
        torchvision.datasets.VisionDataset.__init__(
            self, root or ".", transform=transform, target_transform=target_transform
        )
        self.train = train
        self.classes = list("abcdefghij")
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        self.fill()
        SmallCIFAR10.opened.append(self)

    def fill(self):
        images, labels = SmallCIFAR10.shown.get(self.train, (None, None))
        self.images, self.targets = images, list(labels) if labels is not None else labels_of(self.train)

    @property
    def data(self):
        if self.images is None:
            self.images = noise(self.train)
        return self.images

    @data.setter
    def data(self, images):
        self.images = images

    def __len__(self):
        return ROWS[self.train] if self.images is None else len(self.images)

    def __getitem__(self, index):
        if not -len(self) <= index < max(len(self), ROWS[self.train]):
            raise IndexError(index)
        row = int(index) % len(self)
        SmallCIFAR10.seen.append((self.train, row))
        few = few_images(self.train)
        image = few[row % 200] ^ np.uint8(row // 200) if self.images is None else self.images[row]
        image, target = Image.fromarray(image), self.targets[row]
        image = image if self.transform is None else self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __iter__(self):
        return (self[i] for i in range(len(self)))


def show_images(notebook, images, labels):
    """Let every data set that is open, or gets opened, hold these images (N, 32, 32, 3) of bytes, in this order.

    What the notebook calls val_set, test_set, val_loader and test_loader gives all of them: made anew, since part 3 may
    have used the names again.
    """
    images, labels = images.numpy().copy(), labels.tolist()
    SmallCIFAR10.shown = {True: (images, labels), False: (images, labels)}
    for dataset in SmallCIFAR10.opened:
        dataset.fill()
    values = vars(notebook)
    transform = values.get("test_transform") or torchvision.transforms.ToTensor()
    for value in list(values.values()):
        if isinstance(value, data.Subset):
            value.indices = range(len(labels))
    for part in ("val", "test"):
        own = SmallCIFAR10(train=part == "val", transform=transform)
        values |= {f"{part}_set": own, f"{part}_loader": data.DataLoader(own, batch_size=128)}


def _split(original):
    """Let random_split cut a small data set in the proportions that were meant for all of it."""

    @functools.wraps(original)
    def random_split(dataset, lengths, *arguments, **options):
        wanted, there = sum(lengths), len(dataset)
        if wanted != there and all(isinstance(length, int) for length in lengths):
            lengths = [length * there // wanted for length in lengths]
            lengths[0] += there - sum(lengths)
        return original(dataset, lengths, *arguments, **options)

    return random_split


def _shortened(begin):
    """Let a pass over a loader of stand-in images end after a few of them."""

    @functools.wraps(begin)
    def batches(self):
        dataset = self.dataset
        while hasattr(dataset, "dataset"):
            dataset = dataset.dataset
        size = self.batch_size or 1
        return itertools.islice(begin(self), -(-MOST_SHOWN // size)) if is_stand_in(dataset) else begin(self)

    return batches


def is_stand_in(dataset):
    """Tell whether a data set shows images of noise, or holds one that does."""
    return any(isinstance(one, SmallCIFAR10) for one in (dataset, *vars(dataset).values()))


def _in_this_process(begin):
    """Let data loaders load in this process."""

    @functools.wraps(begin)
    def create(self, *arguments, **options):
        options |= {"num_workers": 0, "persistent_workers": False, "prefetch_factor": None, "timeout": 0}
        options |= {"pin_memory": False, "multiprocessing_context": None}
        begin(self, *arguments[:5], **options)

    return create


torchvision.datasets.CIFAR10 = torchvision.datasets.cifar.CIFAR10 = SmallCIFAR10
data.random_split = data.dataset.random_split = _split(data.random_split)
data.DataLoader.__init__ = _in_this_process(data.DataLoader.__init__)
data.DataLoader.__iter__ = _shortened(data.DataLoader.__iter__)

# ---------------------------------------------------------------- PyTorch Lightning

GONE = (
    "gpus", "auto_select_gpus", "tpu_cores", "ipus", "num_processes", "progress_bar_refresh_rate", "process_position",
    "weights_summary", "checkpoint_callback", "flush_logs_every_n_steps", "log_gpu_memory", "track_grad_norm",
    "terminate_on_nan", "auto_lr_find", "auto_scale_batch_size", "amp_backend", "amp_level", "replace_sampler_ddp",
    "multiple_trainloader_mode", "move_metrics_to_cpu", "stochastic_weight_avg", "prepare_data_per_node",
    "resume_from_checkpoint", "weights_save_path", "truncated_bptt_steps", "reload_dataloaders_every_epoch",
    "distributed_backend",
)  # fmt: skip
OLD_HOOKS = ("training_epoch_end", "validation_epoch_end", "test_epoch_end")
RENAMED = {
    "fit": {"train_dataloader": "train_dataloaders"},
    "test": {"test_dataloaders": "dataloaders"},
    "validate": {"val_dataloaders": "dataloaders"},
}


def _begin_trainer(begin):
    """Create trainers that compute here, quietly, whatever they were asked for; drop what Lightning 2 doesn't know."""

    @functools.wraps(begin)
    def create(self, *arguments, **options):
        options = {name: value for name, value in options.items() if name not in GONE}
        options |= {"accelerator": "cpu", "devices": 1, "enable_progress_bar": False, "enable_model_summary": False}
        options |= {"strategy": "auto", "precision": "32-true", "num_nodes": 1}
        callbacks = options.get("callbacks") or []
        callbacks = callbacks if isinstance(callbacks, list | tuple) else [callbacks]
        options["callbacks"] = [one for one in callbacks if not isinstance(one, pl.callbacks.ProgressBar)]
        begin(self, *arguments, **options)

    return create


def _run_trainer(run, names):
    """Take the names that arguments had before, and leave out hooks that Lightning 2 refuses to run."""

    @functools.wraps(run)
    def method(self, model=None, *arguments, **options):
        options = {names.get(name, name): value for name, value in options.items()}
        for owner in type(model).__mro__:
            for hook in [hook for hook in OLD_HOOKS if hook in vars(owner)]:
                delattr(owner, hook)
        return run(self, model, *arguments, **options)

    return method


class PlainLogger(pl.loggers.CSVLogger):
    """Takes TensorBoard's place, which is not installed on every machine."""

    def __init__(self, save_dir=None, name="logs", version=None, prefix="", **_options):
        super().__init__(save_dir or ".", name=name or "", version=version, prefix=prefix)

    def __getattr__(self, name):
        if name == "experiment" or name.startswith("_"):
            raise AttributeError(name)
        return lambda *_arguments, **_options: None


def _prepare_lightning():
    pl.Trainer.__init__ = _begin_trainer(pl.Trainer.__init__)
    for name, names in RENAMED.items():
        setattr(pl.Trainer, name, _run_trainer(getattr(pl.Trainer, name), names))
    pl.loggers.TensorBoardLogger = PlainLogger
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning.fabric", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    if "lightning" not in sys.modules:  # its other name, `import lightning as L`
        package = types.ModuleType("lightning")
        package.__dict__.update({name: value for name, value in vars(pl).items() if not name.startswith("__")})
        package.__path__ = []
        package.pytorch = pl
        sys.modules |= {"lightning": package, "lightning.pytorch": pl, "lightning.pytorch.callbacks": pl.callbacks}
        sys.modules["lightning.pytorch.loggers"] = pl.loggers


_prepare_lightning()


@contextlib.contextmanager
def without_gpu():
    """Let code that moves things to a GPU, by name, leave them where they are."""
    owners = (torch.Tensor, nn.Module, pl.LightningModule)
    originals = [(owner, name, getattr(owner, name)) for owner in owners for name in ("to", "cuda")]
    for owner, name, original in originals:
        setattr(owner, name, _stays(original) if name == "to" else lambda self, *_arguments, **_options: self)
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _stays(to):
    def moved(self, *arguments, **options):
        arguments = [one for one in arguments if not _is_gpu(one)]
        options = {name: value for name, value in options.items() if not _is_gpu(value)}
        return to(self, *arguments, **options) if arguments or options.keys() - {"non_blocking"} else self

    return moved


def _is_gpu(value):
    return isinstance(value, str | torch.device) and str(value).split(":")[0] in ("cuda", "mps")


# ---------------------------------------------------------------- the block


@probe(needs=["notebook_module"])
def block_shape(*, c_in, x, subsample=False, c_out=None):
    """Return the output of a new block in test mode."""
    return {"output": copied(stirred(_new_block(c_in, subsample, c_out)).eval()(x.clone()))}


def stirred(module):
    """Return a module with parameters a little beside where they begin: to begin at 0 is free."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape))
    return module


@probe(needs=["notebook_module"])
def block_paths(*, c_in, x, subsample=False, c_out=None):
    """Return in words which layers the two paths of a block consist of, and its output's shape."""
    paths = find_paths(_new_block(c_in, subsample, c_out), x)
    return {"main path": paths.main, "shortcut": paths.shortcut}


@probe(needs=["notebook_module"])
def block_pass(*, c_in, x, weights, subsample=False, c_out=None, dout=None, training=False):
    """Return a block's output for given weights, with `dout` also the gradients of x and of the weights.

    `weights` are named by place: "norm 1.weight", "conv 2.weight", "shortcut conv 1.weight", …; biases of convolutions
    become zero. If the shapes don't fit, only the paths come back.
    """
    block = _new_block(c_in, subsample, c_out)
    paths = find_paths(block, x)
    outputs = {"main path": paths.main, "shortcut": paths.shortcut}
    if not paths.fill(weights):
        return outputs
    block.train(training)
    leaf = x.clone().requires_grad_()
    output = block(leaf * 1)  # a block that changes its input in place may do so
    outputs["output"] = copied(output)
    if dout is not None and isinstance(output, torch.Tensor) and output.shape == dout.shape and output.requires_grad:
        block.zero_grad()
        output.backward(dout.clone())
        outputs["grad of x"] = gradient_of(leaf)
        outputs |= {f"grad of {name}": gradient_of(tensor) for name, tensor in paths.tensors() if name in weights}
    return outputs


@probe(needs=["notebook_module"])
def block_sum(*, c_in, x, weights, subsample=False, c_out=None, dout=None, training=False):
    """Return what the main path of a block hands to the sum, whatever it consists of, and the block's output.

    With `dout` also the gradient of x on all paths and on the main path alone, and whether the shortcut's convolution
    gets one. `weights` are filled in where names and shapes fit.
    """
    block = _new_block(c_in, subsample, c_out)
    paths = find_paths(block, x)
    if not paths.main_layers:
        return {"main path": paths.main}
    paths.fill_some(weights)
    block.train(training)
    handed_on = []
    hook = paths.main_layers[-1].register_forward_hook(lambda _layer, _inputs, output: handed_on.append(output.clone()))
    leaf = x.clone().requires_grad_()
    output = block(leaf * 1)
    hook.remove()
    outputs = {"main path": paths.main, "output": copied(output), "output of the main path": copied(handed_on[-1])}
    if dout is not None and isinstance(output, torch.Tensor) and output.requires_grad and handed_on[-1].requires_grad:
        places = {name: tensor for name, tensor in paths.tensors() if tensor.requires_grad}
        grads = torch.autograd.grad(output, [leaf, *places.values()], dout, retain_graph=True, allow_unused=True)
        (main,) = torch.autograd.grad(handed_on[-1], [leaf], dout, allow_unused=True)
        outputs["grad of x"], outputs["grad of x on the main path"] = (copied(one) for one in (grads[0], main))
        missed = [name for name, grad in zip(places, grads[1:], strict=True) if grad is None or not grad.any()]
        outputs["layers that get no gradient"] = missed
    return outputs


def _new_block(c_in, subsample, c_out):
    from notebook_module import PreActResNetBlock

    options = {} if c_out is None else {"c_out": c_out}
    return PreActResNetBlock(c_in=c_in, subsample=subsample, **options)


class Paths:
    """Hold the layers of a block's two paths with their places, and the paths in words."""

    def __init__(self, main, shortcut, *, words):
        self.main, self.shortcut = words
        self.main_layers = main
        self.layers = {}
        for prefix, path in (("", main), ("shortcut ", shortcut)):
            for kind, of in (("norm", nn.BatchNorm2d), ("conv", nn.Conv2d)):
                layers = [layer for layer in path if isinstance(layer, of)]
                self.layers |= {f"{prefix}{kind} {i}": layer for i, layer in enumerate(layers, start=1)}

    def tensors(self):
        """Return (name, tensor) of all parameters and statistics."""
        return [
            (f"{place}.{name}", tensor)
            for place, layer in self.layers.items()
            for name, tensor in [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]
            if tensor is not None and tensor.is_floating_point()
        ]

    def fill(self, weights):
        """Write weights into the layers, zero where none are given; tell whether the shapes fit."""
        tensors = self.tensors()
        if any(name in weights and weights[name].shape != tensor.shape for name, tensor in tensors):
            return False
        if {name for name in weights if not name.startswith("shortcut norm")} - {name for name, _ in tensors}:
            return False
        with torch.no_grad():
            for name, tensor in tensors:
                tensor.copy_(weights.get(name, torch.zeros_like(tensor)))
        return True

    def fill_some(self, weights):
        """Write weights into the layers where names and shapes fit."""
        with torch.no_grad():
            for name, tensor in self.tensors():
                if name in weights and weights[name].shape == tensor.shape:
                    tensor.copy_(weights[name])


def find_paths(block, x):
    """Run a block with random parameters and find, by the values, what each of its layers gets."""
    block.eval()
    draw_parameters(block)
    calls = []

    def note(layer, inputs, output):
        calls.append((layer, inputs[0], output.detach().clone()))

    layers = [layer for layer in block.modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    before = {}
    hooks = [layer.register_forward_pre_hook(lambda layer, i: before.update({layer: i[0].clone()})) for layer in layers]
    hooks += [layer.register_forward_hook(lambda layer, _i, o: note(layer, [before[layer]], o)) for layer in layers]
    with torch.no_grad(), contextlib.suppress(Exception):  # a pass that fails is told by another probe
        block(x.clone())
    for hook in hooks:
        hook.remove()
    sources = [_source(calls[:i], got, x) for i, (_, got, _) in enumerate(calls)]
    inner = {i for i, _ in sources if i is not None}
    ends = [i for i in range(len(calls)) if i not in inner]
    chains = sorted((_chain(i, sources) for i in ends), key=lambda chain: -len(chain))
    main = chains[0] if chains else []
    shortcut = chains[1] if len(chains) > 1 else []
    words = [", ".join(_in_words(calls, sources, chain, main)) for chain in (main, shortcut if shortcut else [])]
    own = [i for i in shortcut if i not in main]
    kept = [[calls[i][0] for i in path] for path in (main, own)]
    return Paths(*kept, words=words)


def draw_parameters(module):
    """Draw all parameters and statistics of a module, so that no layer does nothing by chance."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
            if tensor.is_floating_point():
                drawn = torch.randn(tensor.shape, generator=generator)
                tensor.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else drawn)


def _source(calls, got, x):
    """Return where a layer's input comes from: the number of a layer, or None for the block's input; and through what.

    The second is "", "relu" or, if neither fits, "something else".
    """
    known = [(None, x), *((i, output) for i, (_, _, output) in enumerate(calls))]
    for i, value in reversed(known):
        if value.shape == got.shape:
            if torch.equal(value, got):
                return i, ""
            if torch.equal(value.relu(), got):
                return i, "relu"
    return (len(calls) - 1 if calls else None), "something else"


def _chain(i, sources):
    chain = []
    while i is not None:
        chain.append(i)
        i = sources[i][0]
    return chain[::-1]


def _in_words(calls, sources, chain, main):
    for i in chain:
        through = sources[i][1]
        if through:
            yield through
        yield ("" if chain is main or i not in main else "main path's ") + describe(calls[i][0])


def describe(layer):
    """Say what a layer is; whether a convolution has a bias is free."""
    if isinstance(layer, nn.BatchNorm2d):
        return f"norm({layer.num_features})"
    if isinstance(layer, nn.Linear):
        return f"linear({layer.in_features}→{layer.out_features})"
    kernel = "×".join(str(size) for size in layer.kernel_size)
    stride = "" if set(layer.stride) == {1} else f", stride {'×'.join(map(str, sorted(set(layer.stride))))}"
    groups = f", {layer.groups} groups" if layer.groups > 1 else ""
    return f"conv({layer.in_channels}→{layer.out_channels}, {kernel}{stride}{groups})"


def gradient_of(tensor):
    """Return what a backward pass left at a leaf: zeros where it did not come by."""
    return torch.zeros_like(tensor) if tensor.grad is None else copied(tensor.grad)


def copied(value):
    """Keep a tensor as it is now: the student's code may change it later."""
    return value.detach().clone() if isinstance(value, torch.Tensor) else value
