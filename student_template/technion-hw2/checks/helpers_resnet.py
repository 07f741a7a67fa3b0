"""Weights of a ResNet, and the outputs of its blocks.

test_resnet.py and test_resnet_hidden.py import it.
"""

import math
import re

import torch
import torch.nn.functional as F


def draw_weights(rng, line):
    """Draw weights for the layers that a line of `network_layers` names, by their number."""
    weights = {}
    layers = [layer.rpartition(": ")[2] for layer in line.split("; ")]
    for i, layer in enumerate(layers, start=1):
        sizes = [int(size) for size in re.findall("[0-9]+", layer)]
        if layer.startswith("batchnorm"):
            for name in ("weight", "running_var"):
                weights[f"{i}.{name}"] = 0.5 + torch.rand(sizes[0], generator=rng)
            for name in ("bias", "running_mean"):
                weights[f"{i}.{name}"] = 0.5 * torch.randn(sizes[0], generator=rng)
            continue
        inputs, outputs, *kernel = sizes
        shape = (outputs, inputs, *kernel)
        weights[f"{i}.weight"] = torch.randn(shape, generator=rng) / math.sqrt(math.prod(shape[1:]))
        if "no bias" not in layer and not "".join(layers[i : i + 1]).startswith("batchnorm"):
            weights[f"{i}.bias"] = 0.3 * torch.randn(outputs, generator=rng)
    return weights


def block_output(x, w, first, *, convs, act, norm=False, projects=False, shortcut=True):
    """Return the output of a block in test mode, and the number of the layer behind it; `first` is its first one's."""
    out, number = x, first
    for i in range(convs):
        kernel = w[f"{number}.weight"]
        out, number = F.conv2d(out, kernel, w.get(f"{number}.bias"), padding=kernel.shape[-1] // 2), number + 1
        if i < convs - 1 and norm:
            mean, var, scale, shift = (w[f"{number}.{n}"] for n in ("running_mean", "running_var", "weight", "bias"))
            out, number = F.batch_norm(out, mean, var, scale, shift), number + 1
        if i < convs - 1:
            out = act(out)
    skip = F.conv2d(x, w[f"{number}.weight"]) if projects else x
    return F.relu(out + skip if shortcut else out), number + projects
