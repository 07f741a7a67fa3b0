"""Layers in nn.ModuleLists under names of their own, one loop in forward, further arguments with defaults."""

# Written as students write.
# ruff: noqa: B905, RUF005

import torch
from torch import nn

from .mlp import ACTIVATIONS, MLP

POOLS = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


class CNN(nn.Module):
    def __init__(
        self,
        in_size,
        out_classes,
        channels,
        pool_every,
        hidden_dims,
        conv_params=None,
        activation_type="relu",
        activation_params=None,
        pooling_type="max",
        pooling_params=None,
        scores_activation="none",
    ):
        super().__init__()
        self.size = in_size
        self.every = pool_every
        self.make_act = lambda: ACTIVATIONS[activation_type](**(activation_params or {}))
        self.make_pool = lambda: POOLS[pooling_type](**(pooling_params or {}))
        self.build(list(channels), conv_params or {})
        with torch.no_grad():
            self.eval()
            width = self.features(torch.ones(1, *in_size)).shape[1]
            self.train()
        acts = [self.make_act() for _ in hidden_dims]
        self.head = MLP(width, [*hidden_dims, out_classes], [*acts, scores_activation])

    def build(self, channels, conv_params):
        widths = [self.size[0], *channels]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, **conv_params) for i, o in zip(widths, channels))
        self.acts = nn.ModuleList(self.make_act() for _ in channels)
        self.pools = nn.ModuleList(self.make_pool() for _ in range(len(channels) // self.every))

    def features(self, x):
        for i, (conv, act) in enumerate(zip(self.convs, self.acts)):
            x = act(conv(x))
            if (i + 1) % self.every == 0:
                x = self.pools[i // self.every](x)
        return x.reshape(x.shape[0], -1)

    def forward(self, x):
        return self.head(self.features(x))


class ResidualBlock(nn.Module):
    def __init__(
        self,
        in_channels,
        channels,
        kernel_sizes,
        batchnorm=False,
        dropout=0.0,
        activation_type="relu",
        activation_params=None,
    ):
        super().__init__()
        widths = [in_channels, *channels]
        self.convs = nn.ModuleList(
            nn.Conv2d(widths[i], widths[i + 1], k, padding=(k - 1) // 2) for i, k in enumerate(kernel_sizes)
        )
        self.between = nn.ModuleList()
        for width in channels[:-1]:
            drop = nn.Dropout2d(p=dropout)
            norm = nn.BatchNorm2d(width) if batchnorm else nn.Identity()
            self.between.append(nn.Sequential(drop, norm, ACTIVATIONS[activation_type](**(activation_params or {}))))
        self.skip = nn.Conv2d(in_channels, channels[-1], 1, bias=False) if in_channels != channels[-1] else None

    def forward(self, x):
        skip = x if self.skip is None else self.skip(x)
        for i, conv in enumerate(self.convs):
            x = conv(x)
            if i < len(self.between):
                x = self.between[i](x)
        return torch.clamp(x + skip, min=0)


class ResidualBottleneckBlock(ResidualBlock):
    def __init__(self, in_out_channels, inner_channels, inner_kernel_sizes, **kw):
        widths = [inner_channels[0]] + list(inner_channels) + [in_out_channels]
        super().__init__(in_out_channels, widths, [1] + list(inner_kernel_sizes) + [1], **kw)


class ResNet(CNN):
    def __init__(
        self,
        *args,
        batchnorm=False,
        dropout=0.0,
        bottleneck=False,
        activation_type="relu",
        activation_params=None,
        **kw,
    ):
        self.use_bottleneck = bottleneck
        self.kw = {
            "batchnorm": batchnorm,
            "dropout": dropout,
            "activation_type": activation_type,
            "activation_params": activation_params,
        }
        super().__init__(*args, activation_type=activation_type, activation_params=activation_params, **kw)

    def build(self, channels, conv_params):
        self.blocks, self.pools = nn.ModuleList(), nn.ModuleList()
        width = self.size[0]
        while channels:
            group, channels = channels[: self.every], channels[self.every :]
            if self.use_bottleneck and group[-1] == width and len(group) > 2:
                self.blocks.append(ResidualBottleneckBlock(width, group[1:-1], [3] * (len(group) - 2), **self.kw))
            else:
                self.blocks.append(ResidualBlock(width, group, [3] * len(group), **self.kw))
            if len(group) == self.every:
                self.pools.append(self.make_pool())
            width = group[-1]

    def features(self, x):
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i < len(self.pools):
                x = self.pools[i](x)
        return x.reshape(len(x), -1)


class YourCNN(nn.Module):
    """Three kernel sizes side by side, and an average over the image at the end."""

    def __init__(
        self,
        in_size,
        out_classes,
        channels,
        pool_every,
        hidden_dims,
        conv_params=None,
        activation_type="relu",
        activation_params=None,
        pooling_type="max",
        pooling_params=None,
    ):
        super().__init__()
        layers, width = [], in_size[0]
        for i, out in enumerate(channels, start=1):
            layers += [_Inception(width, out), nn.ReLU()]
            if i % pool_every == 0:
                layers.append(nn.MaxPool2d(2))
            width = out
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = MLP(width, [*hidden_dims, out_classes], ["relu"] * len(hidden_dims) + ["none"])

    def forward(self, x):
        return self.head(self.body(x))


class _Inception(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        parts = [out - 2 * (out // 3), out // 3, out // 3]
        self.paths = nn.ModuleList(nn.Conv2d(width, p, k, padding=k // 2) for p, k in zip(parts, (1, 3, 5)))
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x):
        return self.norm(torch.cat([path(x) for path in self.paths], dim=1))
