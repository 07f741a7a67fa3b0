"""The lines of layers that networks are described with, and what makes one differ from another.

The checks of CNN, of residual blocks and of ResNet import it.
"""

import difflib
import re

from grader.compare import assert_matches

NAMES = {"batchnorm": "batch normalization", "conv": "convolution", "linear": "fully connected layer"}


def assert_layers(actual, line):
    """Ask for the layers of a line, and say in words what the first difference between both lines is."""
    found = actual.get("layers")
    if isinstance(found, str) and found != line:
        told = first_difference(found.split("; "), line.split("; "))
        raise AssertionError(f"{told} `layers` is {found}; expected {line}.")
    assert_matches(actual, {"layers": line})


def assert_fits(actual, weights):
    """Say what the layers are where the weights of a check fit none of them, so that nothing was computed."""
    layers = actual.get("layers")
    if isinstance(layers, str) and set(actual) == {"layers"}:
        shapes = ", ".join("×".join(map(str, one.shape)) for one in weights.values() if one.ndim > 1)
        raise AssertionError(f"The layers have other sizes than asked for: `layers` is {layers}; expected {shapes}.")


def assert_layers_of(probe, expected, line, **inputs):
    """Ask for the layers of a network as a line has them; return what else the probe says of it."""
    recorded = expected("network_layers", lambda: {"layers": line}, **inputs)
    actual = probe("network_layers", **inputs)
    assert_layers(actual, recorded.values["layers"])
    return actual


def first_difference(found, wanted):
    """Return a sentence about the first place where lists of layers differ."""
    for kind, start, end, first, last in difflib.SequenceMatcher(a=found, b=wanted, autojunk=False).get_opcodes():
        if kind == "insert" or (kind == "replace" and last - first > end - start):
            extra = named_first(wanted[first:last], found[start:end])
            return f"{called(extra).capitalize()} missing: there is no `{extra}`{more(last - first - (end - start))}."
        if kind == "delete" or (kind == "replace" and end - start > last - first):
            extra = named_first(found[start:end], wanted[first:last])
            return f"A {called(extra)} too many: `{extra}`{more(end - start - (last - first))}."
        if kind == "replace":
            return other_layer(found[start], wanted[first])
    return ""


def more(count):
    return f" (and {count - 1} more)" if count > 1 else ""


def word(layer):
    """Return the kind of a layer."""
    return next(iter(layer.rpartition(": ")[2].split()), "")


def called(layer):
    """Return what the kind of a layer is called."""
    return NAMES.get(word(layer), "layer")


def named_first(layers, others):
    """Return the first layer whose kind or place the others lack, else the first one."""
    kinds = [layer.rpartition(": ")[0] + word(layer) for layer in others]
    return next((one for one in layers if one.rpartition(": ")[0] + word(one) not in kinds), layers[0])


def other_layer(found, wanted):
    """Say what tells a layer from the one that is expected in its place."""
    pairs = dict(zip(("found", "wanted"), map(parts, (found, wanted)), strict=True))
    (kind, inputs, outputs, kernel), other = pairs["found"], pairs["wanted"]
    if kind != other[0]:
        return f"A {called(found)} (`{found}`) stands where a {called(wanted)} is expected (`{wanted}`)."
    if kind == "linear" and inputs != other[1]:
        return (
            f"The feature extractor makes {inputs} numbers of an image instead of {other[1]}. That depends on in_size, "
            "on the pooling behind every pool_every-th convolution, on conv_params and on pooling_params."
        )
    if (inputs, outputs) != other[1:3]:
        return f"`{found}` has other numbers of channels than `{wanted}`."
    if kernel != other[3]:
        return f"The kernel of `{found}` is {kernel}; expected {other[3]}."
    if ("no bias" in found) != ("no bias" in wanted):
        return f"`{found}` has {'no' if 'no bias' in found else 'a'} bias; expected {wanted}."
    return f"`{found}` stands in another place than expected: `{wanted}`."


def parts(layer):
    """Return kind, inputs, outputs and kernel of a layer, "" for what it lacks."""
    match = re.search(r"(\w+) (\d+)(?:→(\d+))?(?:, (\d+×\d+))?", layer.rpartition(": ")[2])
    return tuple(group or "" for group in match.groups()) if match else (word(layer), "", "", "")
