"""Weights and outputs of residual blocks.

test_residual.py and test_residual_hidden.py import it.
"""

import math

import torch
import torch.nn.functional as F


def draw_block(rng, in_channels, channels, kernels, *, norm=False):
    """Draw the weights of a block by layer number: the main path's layers first, then the shortcut's projection."""
    weights, number, width = {}, 1, in_channels
    for i, (out, kernel) in enumerate(zip(channels, kernels, strict=True)):
        has_norm = norm and i < len(channels) - 1
        std = math.sqrt(1 / (width * kernel**2))
        weights[f"{number}.weight"] = std * torch.randn(out, width, kernel, kernel, generator=rng)
        if not has_norm:
            weights[f"{number}.bias"] = 0.3 * torch.randn(out, generator=rng)
        number, width = number + 1, out
        if has_norm:
            for name in ("weight", "running_var"):
                weights[f"{number}.{name}"] = 0.5 + torch.rand(out, generator=rng)
            for name in ("bias", "running_mean"):
                weights[f"{number}.{name}"] = 0.5 * torch.randn(out, generator=rng)
            number += 1
    if width != in_channels:
        weights[f"{number}.weight"] = torch.randn(width, in_channels, 1, 1, generator=rng) / math.sqrt(in_channels)
    return weights


def two_paths(x, w, *, convs, act=F.relu, norm_last=False):
    """Return what the main path and the shortcut make of x, in test mode; `norm_last` puts norms behind activations."""
    out, number = x, 1
    for i in range(convs):
        kernel = w[f"{number}.weight"]
        out, number = F.conv2d(out, kernel, w.get(f"{number}.bias"), padding=kernel.shape[-1] // 2), number + 1
        if i == convs - 1:
            break
        if f"{number}.running_mean" not in w:
            out = act(out)
            continue
        mean, var, scale, shift = (w[f"{number}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
        out = act(out) if norm_last else out
        out, number = F.batch_norm(out, mean, var, scale, shift), number + 1
        out = out if norm_last else act(out)
    projection = w.get(f"{number}.weight")
    return out, (x if projection is None else F.conv2d(x, projection))


def block_output(x, w, **options):
    main, shortcut = two_paths(x, w, **options)
    return F.relu(main + shortcut)
