"""Load weights that a student handed in into their own model, for probes: what does not fit is told in words.

It runs beside the student's code. `grader.grading.outcome` knows the names of the errors, and makes verdicts of them.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from grader.probes import HANDED_IN

__all__ = ["load_weights"]

_MOST_NAMED = 3
_FOREIGN = re.compile(r"GLOBAL ([\w.]+)")
_WRAPPERS = ("module.", "_orig_mod.", "model.")
_SAVE = 'Save them with `safetensors.torch.save_file(model.state_dict(), "{}")`.'
_SAVE_PT = 'Save nothing else than `torch.save(model.state_dict(), "{}")`.'


class UnusableWeights(ValueError):
    """Report weights that can't be read, or that don't fit the model, in a sentence for the student."""


class MissingWeights(UnusableWeights):
    """Report that the file was not handed in."""


def load_weights(model: torch.nn.Module, path: str) -> None:
    """Load a file that was handed in into a model: safetensors, or what `torch.save` wrote of a state dict.

    It is read as it was handed in, whatever the student's code has saved under its path since. Of what `torch.save`
    wrote nothing but tensors is read. Raises UnusableWeights where the file is no such thing, or where names or
    shapes are not those of the model; the model is then as it was. Raises MissingWeights where there is no such file.
    """
    file = _find(path)
    weights = _read_safetensors(file, path) if path.lower().endswith(".safetensors") else _read_pickle(file, path)
    own = model.state_dict()
    faults = list(_faults(own, weights))
    if faults:
        remedy = _wrapper_remedy(own, weights) or "Hand in the weights of the model that your code builds."
        raise UnusableWeights(f"`{path}` does not fit your model: {'; '.join(faults)}. {remedy}")
    model.load_state_dict(weights)


def _find(path: str) -> Path:
    """Return where the file lies as it was handed in, else where modules are imported from or in the current folder."""
    folders = [Path(folder) for folder in (*sys.path, os.curdir)]
    places = [folder / HANDED_IN / path for folder in folders] + [folder / path for folder in folders]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise MissingWeights(f"`{path}` was not handed in.")
    return found


def _read_safetensors(file: Path, path: str) -> Mapping[str, torch.Tensor]:
    try:
        return load_file(file)
    except Exception as err:  # safetensors' own error type derives from Exception directly
        problem = f"`{path}` is no safetensors file, or was cut off ({str(err)[:200]})."
        raise UnusableWeights(f"{problem} {_SAVE.format(path)}") from err


def _read_pickle(file: Path, path: str) -> Mapping[str, torch.Tensor]:
    try:
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as err:  # a stranger's file: zip, pickle and torch each raise what they like
        problem = f"is not what `torch.save` writes, or was cut off ({type(err).__name__})."
        if found := _FOREIGN.search(str(err)):
            problem = f"holds `{found[1]}`, and nothing but tensors is read from a file that was handed in."
        raise UnusableWeights(f"`{path}` {problem} {_SAVE_PT.format(path)}") from err
    return _as_weights(weights, path)


def _as_weights(weights: Any, path: str) -> Mapping[str, torch.Tensor]:
    """Return a state dict. Raises UnusableWeights for anything else, with what it seems to be."""
    if isinstance(weights, Mapping) and all(isinstance(one, torch.Tensor) for one in weights.values()):
        return weights
    kind = type(weights).__name__
    if isinstance(weights, Mapping):
        kind = f"{kind} with {_named(name for name, one in weights.items() if not isinstance(one, torch.Tensor))}"
    raise UnusableWeights(f"`{path}` holds a {kind}; expected tensors by name. {_SAVE_PT.format(path)}")


def _faults(own: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> Iterator[str]:
    """Yield what keeps weights from fitting a model, each in a few words."""
    if missing := [name for name in own if name not in weights]:
        yield f"it lacks {_named(missing)}"
    if foreign := [name for name in weights if name not in own]:
        yield f"it holds {_named(foreign)}, which the model does not have"
    shapes = [
        f"`{name}` has shape {tuple(weights[name].shape)}, in the model {tuple(one.shape)}"
        for name, one in own.items()
        if isinstance(one, torch.Tensor) and name in weights and weights[name].shape != one.shape
    ]
    more = f" and {len(shapes) - _MOST_NAMED} more" if len(shapes) > _MOST_NAMED else ""
    if shapes:
        yield f"{', '.join(shapes[:_MOST_NAMED])}{more}"


def _wrapper_remedy(own: Mapping[str, Any], weights: Mapping[str, Any]) -> str:
    """Say how to save what a wrapper around the model has renamed, "" where none has."""
    for prefix in _WRAPPERS:
        if weights and {name.removeprefix(prefix) for name in weights} == set(own) and prefix in next(iter(weights)):
            attribute = prefix.rstrip(".")
            return f"Each name begins with `{prefix}`: save `model.{attribute}.state_dict()`."
    return ""


def _named(names: Any) -> str:
    listed = [f"`{str(name)[:80]}`" for name in names]
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return f"{', '.join(listed[:_MOST_NAMED])}{more}"
