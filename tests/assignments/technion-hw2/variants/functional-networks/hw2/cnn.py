"""Activations, pooling and dropout are functions in forward; the number of features is computed by arithmetic."""

# Written as students write.
# ruff: noqa: B006, B905, C408, RUF005

import torch.nn as nn
import torch.nn.functional as F

from .mlp import ACTIVATIONS, MLP

FUNCTIONS = {"relu": F.relu, "lrelu": F.leaky_relu, "tanh": F.tanh, "sigmoid": F.sigmoid}


def act(name, params):
    return lambda x: FUNCTIONS[name](x, **params)


def pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def side(length, *, kernel_size, stride, padding=0, dilation=1):
    return (length + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


def after(size, options, *, is_pool):
    """Return rows and columns behind a convolution or pooling."""
    result = []
    for axis, length in enumerate(size):
        kernel = pair(options["kernel_size"])[axis]
        stride = pair(options.get("stride", kernel if is_pool else 1))[axis]
        padding, dilation = pair(options.get("padding", 0))[axis], pair(options.get("dilation", 1))[axis]
        result.append(side(length, kernel_size=kernel, stride=stride, padding=padding, dilation=dilation))
    return tuple(result)


class CNN(nn.Module):
    def __init__(
        self,
        in_size,
        out_classes,
        channels,
        pool_every,
        hidden_dims,
        conv_params={},
        activation_type="relu",
        activation_params={},
        pooling_type="max",
        pooling_params={},
    ):
        super().__init__()
        self.in_size, self.channels, self.pool_every = in_size, channels, pool_every
        self.conv_params, self.pooling_params = conv_params, pooling_params
        self.activation = act(activation_type, activation_params)
        self.activation_options = dict(activation_type=activation_type, activation_params=activation_params)
        self.pool = F.max_pool2d if pooling_type == "max" else F.avg_pool2d
        self._make_feature_extractor()
        hidden = [ACTIVATIONS[activation_type](**activation_params) for _ in hidden_dims]
        self.mlp = MLP(self._n_features(), list(hidden_dims) + [out_classes], hidden + ["none"])

    def _make_feature_extractor(self):
        width = self.in_size[0]
        for i, out in enumerate(self.channels):
            setattr(self, f"conv{i}", nn.Conv2d(width, out, **self.conv_params))
            width = out

    def _n_features(self):
        size = self.in_size[1:]
        for i in range(len(self.channels)):
            size = after(size, self.conv_params, is_pool=False)
            if i % self.pool_every == self.pool_every - 1:
                size = after(size, self.pooling_params, is_pool=True)
        return self.channels[-1] * size[0] * size[1]

    def forward(self, x):
        for i in range(len(self.channels)):
            x = self.activation(getattr(self, f"conv{i}")(x))
            if i % self.pool_every == self.pool_every - 1:
                x = self.pool(x, **self.pooling_params)
        return self.mlp(x.view(x.size(0), -1))


class ResidualBlock(nn.Module):
    def __init__(
        self,
        in_channels,
        channels,
        kernel_sizes,
        batchnorm=False,
        dropout=0.0,
        activation_type="relu",
        activation_params={},
    ):
        super().__init__()
        self.number, self.dropout = len(channels), dropout
        self.activation = act(activation_type, activation_params)
        self.project = nn.Conv2d(in_channels, channels[-1], 1, bias=False) if in_channels != channels[-1] else None
        for i, (out, kernel) in enumerate(zip(channels, kernel_sizes)):
            self.add_module(f"conv{i}", nn.Conv2d(in_channels, out, kernel, padding=kernel // 2))
            if batchnorm and i < self.number - 1:
                self.add_module(f"norm{i}", nn.BatchNorm2d(out))
            in_channels = out

    def forward(self, x):
        out = x
        for i in range(self.number):
            out = getattr(self, f"conv{i}")(out)
            if i < self.number - 1:
                out = F.dropout(out, self.dropout, self.training)
                out = getattr(self, f"norm{i}", nn.Identity())(out)
                out = self.activation(out)
        return F.relu(out + (x if self.project is None else self.project(x)))


class ResidualBottleneckBlock(ResidualBlock):
    def __init__(self, in_out_channels, inner_channels, inner_kernel_sizes, **kwargs):
        channels = (inner_channels[0], *inner_channels, in_out_channels)
        super().__init__(in_out_channels, channels, (1, *inner_kernel_sizes, 1), **kwargs)


class ResNet(CNN):
    def __init__(self, *args, batchnorm=False, dropout=0.0, bottleneck=False, **kw):
        self.block_options, self.bottleneck = dict(batchnorm=batchnorm, dropout=dropout), bottleneck
        super().__init__(*args, **kw)

    def _make_feature_extractor(self):
        options = {**self.block_options, **self.activation_options}
        self.blocks, width = nn.ModuleList(), self.in_size[0]
        for i in range(0, len(self.channels), self.pool_every):
            group = self.channels[i : i + self.pool_every]
            if self.bottleneck and width == group[-1]:
                self.blocks.append(ResidualBottleneckBlock(width, group[1:-1], [3] * len(group[1:-1]), **options))
            else:
                self.blocks.append(ResidualBlock(width, group, [3] * len(group), **options))
            width = group[-1]
        self.pools = len(self.channels) // self.pool_every

    def _n_features(self):
        size = self.in_size[1:]
        for _ in range(self.pools):
            size = after(size, self.pooling_params, is_pool=True)
        return self.channels[-1] * size[0] * size[1]

    def forward(self, x):
        for i, block in enumerate(self.blocks):
            x = block(x)
            x = self.pool(x, **self.pooling_params) if i < self.pools else x
        return self.mlp(x.flatten(1))


class YourCNN(CNN):
    """A CNN with values of its own for what is left out, nothing else."""

    def __init__(self, in_size, out_classes, channels, pool_every, hidden_dims, **kw):
        own = {"conv_params": {"kernel_size": 3, "padding": 1}, "pooling_params": {"kernel_size": 2}}
        super().__init__(in_size, out_classes, channels, pool_every, hidden_dims, **{**own, **kw})
