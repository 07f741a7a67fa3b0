"""A running kernel's own CIFAR10, which was opened before the probes came: small and watched for as long as they look.

Behind the wall, and in `grader check`, there is only the small one of probes.py, and nothing here does anything.
"""

import contextlib

from probes import SmallCIFAR10, labels_of, noise
from torch.utils import data

CIFAR10 = SmallCIFAR10.__mro__[1]


@contextlib.contextmanager
def small_data(notebook):
    """Let the notebook's own data sets hold the small CIFAR10's images, and its loaders load here; tell if there are.

    Parts of a data set keep those of their images that are there.
    """
    with contextlib.ExitStack() as stack:
        things = list(_reachable(list(vars(notebook).values()), seen=set(), depth=4))
        own = [thing for thing in things if isinstance(thing, CIFAR10) and not isinstance(thing, SmallCIFAR10)]
        if own:
            for dataset in own:
                stack.enter_context(_set(dataset, data=noise(dataset.train), targets=labels_of(dataset.train)))
            for thing in things:
                if isinstance(thing, data.Subset) and (base := _base(thing)) in own:
                    there = [index for index in thing.indices if index < len(base)]
                    stack.enter_context(_set(thing, indices=there))
                elif isinstance(thing, data.DataLoader):
                    stack.enter_context(_set(thing, num_workers=0, timeout=0, pin_memory=False))
            stack.enter_context(_set(CIFAR10, __getitem__=_watched(CIFAR10.__getitem__)))
        yield bool(own)


def _reachable(values, *, seen, depth):
    """Yield data sets and loaders in values, and in what they hold."""
    for value in values:
        if id(value) in seen or not depth:
            continue
        seen.add(id(value))
        if isinstance(value, data.Dataset | data.DataLoader):
            yield value
            yield from _reachable(list(vars(value).values()), seen=seen, depth=depth - 1)
        elif isinstance(value, list | tuple | dict) and len(value) < 100:
            inside = value.values() if isinstance(value, dict) else value
            yield from _reachable(list(inside), seen=seen, depth=depth - 1)


def _base(part):
    """Return the data set that a part was cut out of."""
    while isinstance(part, data.Subset):
        part = part.dataset
    return part


def _watched(look_up):
    def __getitem__(self, index):  # noqa: N807
        row = int(index) % len(self.data)
        if not isinstance(self, SmallCIFAR10):
            SmallCIFAR10.seen.append((self.train, row))
        return look_up(self, row)

    return __getitem__


@contextlib.contextmanager
def _set(owner, **values):
    """Set attributes for a while."""
    before = {name: getattr(owner, name) for name in values}
    for name, value in values.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)
