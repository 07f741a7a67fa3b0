"""Probes of part 2 and 3: the accuracy on rotated images, and the data loaders with shuffled pixels."""

import ast
import contextlib
import functools
import io
import math

import numpy as np
import pytorch_lightning as pl
import torch
from probes import ROWS, SmallCIFAR10, copied, few_images, show_images, without_gpu
from probes_data import small_data
from torch import nn
from torch.utils import data
from torchvision import transforms
from torchvision.transforms import v2

from grader.notebook_probes import run_statement, statements_of, values_of
from grader.probes import probe

MOST_LOADERS, IMAGES = 16, 16
MEANS, STDS = (0.491, 0.482, 0.447), (0.247, 0.243, 0.261)  # the course's
GIVEN = ("train_loader", "val_loader", "test_loader")
AT_RANDOM = (
    "RandomHorizontalFlip", "RandomVerticalFlip", "RandomResizedCrop", "RandomCrop", "RandomRotation", "RandomAffine",
    "ColorJitter", "RandomErasing", "RandomGrayscale", "RandomPerspective", "GaussianBlur", "RandomAdjustSharpness",
    "RandomAutocontrast", "RandomEqualize", "RandomInvert", "RandomPosterize", "RandomSolarize", "AutoAugment",
    "RandAugment", "TrivialAugmentWide", "AugMix", "ElasticTransform", "GaussianNoise",
)  # fmt: skip

# ---------------------------------------------------------------- rotation


class Compass(nn.Module):
    """Tells the direction of the bright spot in an image: scores (N, directions), counter-clockwise from the right.

    If it is `two_faced`, it tells the opposite direction in training mode.
    """

    def __init__(self, directions, *, two_faced=False):
        super().__init__()
        self.directions, self.two_faced = directions, two_faced
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        x = x.float().mean(dim=1)  # (N, H, W)
        low, high = x.amin(dim=(1, 2), keepdim=True), x.amax(dim=(1, 2), keepdim=True)
        spot = (x > high - 0.3 * (high - low)).float()
        rows = torch.arange(x.shape[1], dtype=torch.float32) - (x.shape[1] - 1) / 2
        columns = torch.arange(x.shape[2], dtype=torch.float32) - (x.shape[2] - 1) / 2
        up = -(spot * rows[:, None]).sum(dim=(1, 2))
        right = (spot * columns).sum(dim=(1, 2))
        direction = (torch.atan2(up, right) / (2 * math.pi) * self.directions).round().long() % self.directions
        if self.two_faced and self.training:
            direction = (direction + self.directions // 2) % self.directions
        return nn.functional.one_hot(direction, self.directions).float() + 0 * self.weight


class CompassModule(pl.LightningModule):
    """Holds a compass as CIFARModule holds its network."""

    def __init__(self, directions, *, two_faced=False):
        super().__init__()
        self.model = Compass(directions, two_faced=two_faced)

    def forward(self, x):
        return self.model(x)

    def validation_step(self, batch, batch_idx):
        self._log("val_acc", batch)

    def test_step(self, batch, batch_idx):
        self._log("test_acc", batch)

    def _log(self, name, batch):
        self.log(name, (self.model(batch[0]).argmax(dim=1) == batch[1]).float().mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@probe(needs=["notebook"])
def rotated_accuracies(*, images, labels, directions, angles, two_faced=False, by_default=False):
    """Return what test_model_rotated returns for each angle, with a compass for a model and given images.

    The images are those of all data sets of the notebook. `by_default` calls it without an angle, too.
    """
    import notebook

    show_images(notebook, images, labels)
    if hasattr(notebook, "device"):
        notebook.device = torch.device("cpu")
    outputs = {}
    with without_gpu(), _noting_drawn_angles() as drawn:
        for angle in angles:
            model = CompassModule(directions, two_faced=two_faced).train()
            outputs[f"rotated by {angle} degrees"] = _number(notebook.test_model_rotated(model, angle))
        if by_default:
            outputs["without an angle"] = _number(notebook.test_model_rotated(CompassModule(directions)))
    return outputs | {"angles are drawn": bool(drawn)}


@contextlib.contextmanager
def _noting_drawn_angles():
    """Give a list that grows when RandomRotation turns images by an angle that it draws from more than one."""
    noted, originals = [], []
    for kind, name in ((transforms.RandomRotation, "forward"), (v2.RandomRotation, "make_params")):
        originals.append((kind, name, getattr(kind, name)))
        setattr(kind, name, _noting(getattr(kind, name), noted))
    try:
        yield noted
    finally:
        for kind, name, original in originals:
            setattr(kind, name, original)


def _noting(turn, noted):
    def turned(self, *inputs, **options):
        low, high = self.degrees
        if low != high:
            noted.append((low, high))
        return turn(self, *inputs, **options)

    return turned


def _number(value):
    """Return the accuracy in what was returned: a number, or the first one in a tuple or a dictionary of results."""
    if isinstance(value, dict):
        by_name = [item for name, item in value.items() if "acc" in str(name)]
        value = [*by_name, *value.values()]
    if isinstance(value, list | tuple):
        return _number(value[0]) if value else None
    if isinstance(value, torch.Tensor | np.ndarray | np.generic):
        numbers = torch.as_tensor(value).flatten()
        return float(numbers[0]) if len(numbers) == 1 else None
    return float(value) if isinstance(value, int | float) else None


# ---------------------------------------------------------------- shuffled pixels


@probe(needs=["notebook"])
def loaders(*, again=False):
    """Return the first images and labels of each data loader in the notebook, and which images of CIFAR10 they are.

    What transforms do at random is left out. With `again`, the loaders are gone through a second time first. `trained
    on` names the loaders that get into a training of part 3.
    """
    import notebook

    found = _loaders_in(values_of("notebook"))
    handed = handed_on(notebook)
    known = {id(loader) for _, loader in found}
    found += [
        (name, one) for name, one in {id(one): (name, one) for name, one, _ in handed}.values() if id(one) not in known
    ]
    own = [getattr(notebook, f"{part}_set", None) for part in ("train", "val", "test")]
    if all(name in GIVEN and any(loader.dataset is part for part in own) for name, loader in found):
        raise NotImplementedError("data loaders with shuffled pixels")
    outputs, filled = {"names": []}, []
    outputs["trained on"] = [name for name, loader in found if any(loader is one for *_, one, ok in handed if ok)]
    with _nothing_random(), small_data(notebook) as is_kernel:
        for name, loader in found[:MOST_LOADERS]:
            with contextlib.suppress(Exception):
                if again:
                    _first_images(loader)
                images, labels, places = _first_images(loader)
                filled += [name] if is_kernel and not SmallCIFAR10.seen else []
                if images.shape == (IMAGES, 3, 32, 32):
                    number = len(outputs["names"])
                    outputs["names"].append(name)
                    outputs |= {f"images {number}": images, f"labels {number}": labels, f"places {number}": places}
    if filled:
        raise RuntimeError(
            f"the images of `{filled[0]}` were computed before this check came: save the notebook, and run "
            "`!grader check --task shuffle`, which opens it anew"
        )
    return outputs


def handed_on(notebook):
    """Return (name, loader, whether it is the training's and below other loaders than the given ones) of each training.

    The notebook's own lines that train are run with a training that only notes what it gets.
    """
    handed, own = [], notebook.__dict__.get("train_model")
    statements = statements_of("notebook")
    given = {statement.cell for statement in statements if _sets(statement) & set(GIVEN)}
    makers = {s.cell for s in statements if "DataLoader" in _words_in(s, statements)} - given
    calling = [s for s in statements if not s.is_definition and {"train_model", "fit"} & _words_in(s, statements)]

    def note(*arguments, **options):
        for path, loader in _found_in([*enumerate(arguments), *options.items()]):
            is_training = "val" not in path and "test" not in path
            handed.append(
                (f"train_model(… {path} …)", loader, is_training and statement.cell >= max(makers, default=0))
            )
        return None, {"test": 0.0, "val": 0.0}

    fit, pl.Trainer.fit = pl.Trainer.fit, lambda _self, *arguments, **options: note(*arguments, **options)
    notebook.train_model = note
    try:
        for statement in calling:
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                run_statement(statement, dict(vars(notebook)))
    finally:
        pl.Trainer.fit = fit
        notebook.train_model = own
    return handed


def _sets(statement):
    return {node.id for node in ast.walk(statement.node) if isinstance(node, ast.Name) and type(node.ctx) is ast.Store}


def _words_in(statement, statements):
    """Return the names in a statement, and in the notebook's own functions that it names."""
    functions = {one.node.name: one.node for one in statements if isinstance(one.node, ast.FunctionDef)}
    names, waiting = set(), [statement.node]
    while waiting:
        inner = list(ast.walk(waiting.pop()))
        new = {one.id for one in inner if isinstance(one, ast.Name)} | {
            one.attr for one in inner if isinstance(one, ast.Attribute)
        }
        waiting += [functions[name] for name in new - names if name in functions]
        names |= new
    return names


def _found_in(pairs):
    """Yield (path, loader) for the loaders in pairs (key, value), also in dictionaries, lists and tuples."""
    for key, value in pairs:
        if isinstance(value, data.DataLoader):
            yield str(key), value
        elif isinstance(value, dict | list | tuple) and len(value) < 100:
            yield from _found_in(value.items() if isinstance(value, dict) else enumerate(value))


def _loaders_in(values):
    """Return (name, loader) for the data loaders in variables, and in lists and dictionaries in variables."""
    found = {}
    for name, value in values.items():
        if name.startswith("__"):
            continue
        inside = value.items() if isinstance(value, dict) else ()
        inside = enumerate(value) if isinstance(value, list | tuple) else inside
        pairs = [(name, value), *((f"{name}[{key!r}]", item) for key, item in inside)]
        for path, item in pairs:
            if isinstance(item, data.DataLoader):
                found.setdefault(id(item), (path, item))
    return list(found.values())


def _first_images(loader):
    """Return the first images (N, 3, 32, 32) that a loader gives, their labels, and (N, 2): in the training file, row.

    A loader that doesn't look at its images one by one is gone through in the order of its data set.
    """
    SmallCIFAR10.seen.clear()
    images, labels = _joined(loader)
    times, rest = divmod(len(SmallCIFAR10.seen), len(images))
    places = SmallCIFAR10.seen[:: max(times, 1)][:IMAGES]
    if rest or not times:
        plain = [loader.dataset[i] for i in range(IMAGES)]
        images, labels = torch.stack([image for image, _ in plain]), torch.as_tensor([int(y) for _, y in plain])
        places = _places(loader.dataset, images)
    places = torch.tensor([[int(train), row] for train, row in places])
    return copied(images[:IMAGES].float().contiguous()), labels[:IMAGES].long(), places


def _joined(loader):
    images, labels = [], []
    for batch in loader:
        images.append(batch[0])
        labels.append(torch.as_tensor(batch[1]))
        if sum(map(len, images)) >= IMAGES:
            break
    return torch.cat(images), torch.cat(labels)


@functools.cache
def rows_by_sums(train):
    """Return which row of the noise has these sums of its colours, (red, green, blue)."""
    flipped = (few_images(train) ^ np.uint8(flip) for flip in range(ROWS[train] // 200))
    sums = [row for images in flipped for row in images.sum(axis=(1, 2), dtype=np.int64).tolist()]
    return {tuple(one): row for row, one in enumerate(sums)}


def _places(dataset, images):
    """Return which images of CIFAR10 those of a data set that was filled beforehand are: by the sums of their colours.

    Where these tell nothing, by the length of the data set.
    """
    import notebook

    for train in (True, False):
        rows = rows_by_sums(train)
        for scaled in _unscaled(images):
            places = [rows.get(tuple(sums)) for sums in scaled.sum(dim=(2, 3)).round().long().tolist()]
            if None not in places:
                return [(train, row) for row in places]
    for name in ("train_set", "val_set"):
        part = getattr(notebook, name, None)
        if isinstance(part, data.Subset) and len(part) == len(dataset):
            return [(True, i) for i in list(part.indices)[:IMAGES]]
    train = len(dataset) > ROWS[False]
    return [(train, i) for i in range(IMAGES)]


def _unscaled(images):
    """Yield the bytes that images (N, 3, 32, 32) may have been made of: as they are, scaled, or normalized."""
    images = images[:IMAGES].double()
    yield images
    yield 255 * images
    mean, std = (torch.tensor(numbers).double().view(1, 3, 1, 1) for numbers in (MEANS, STDS))
    yield 255 * (images * std + mean)


@contextlib.contextmanager
def _nothing_random():
    """Let the transforms that do something at random do nothing."""
    kinds = [getattr(module, name, None) for module in (transforms, v2) for name in AT_RANDOM]
    originals = [(kind, kind.forward) for kind in kinds if kind is not None]
    for kind, _ in originals:
        kind.forward = lambda self, *inputs: inputs[0] if len(inputs) == 1 else inputs
    try:
        yield
    finally:
        for kind, forward in originals:
            kind.forward = forward
