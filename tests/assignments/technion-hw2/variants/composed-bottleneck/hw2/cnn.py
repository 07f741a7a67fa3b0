"""A bottleneck block holds a ResidualBlock instead of being one; max pooling comes before the activation."""

# Written as students write.
# ruff: noqa: B006, B905, C408

import torch
from torch import nn

from .mlp import ACTIVATIONS, MLP


def make_activation(kind, params):
    return ACTIVATIONS[kind](**params)


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
        self.arguments = dict(in_size=in_size, channels=channels, pool_every=pool_every, conv_params=conv_params)
        self.activation, self.params = activation_type, activation_params
        self.pooling, self.pooling_params = pooling_type, pooling_params
        self.feature_extractor = self._make_feature_extractor(**self.arguments)
        dims = [*hidden_dims, out_classes]
        nonlins = [make_activation(activation_type, activation_params) for _ in hidden_dims] + ["none"]
        self.mlp = MLP(self._n_features(), dims, nonlins)

    def _make_pooling(self):
        return (nn.MaxPool2d if self.pooling == "max" else nn.AvgPool2d)(**self.pooling_params)

    def _make_feature_extractor(self, *, in_size, channels, pool_every, conv_params):
        layers, width = [], in_size[0]
        for i, out in enumerate(channels, start=1):
            layers.append(nn.Conv2d(width, out, **conv_params))
            steps = [make_activation(self.activation, self.params)]
            if i % pool_every == 0:
                # The largest value stays the largest one under a growing function, and fewer values are left for it.
                steps.insert(0 if self.pooling == "max" else 1, self._make_pooling())
            layers.extend(steps)
            width = out
        return nn.Sequential(*layers)

    @torch.inference_mode()
    def _n_features(self):
        self.feature_extractor.eval()
        shape = self.feature_extractor(torch.zeros(2, *self.arguments["in_size"])).shape
        self.feature_extractor.train()
        return shape[1] * shape[2] * shape[3]

    def forward(self, x):
        return self.mlp(self.feature_extractor(x).reshape(x.shape[0], -1))


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
        self.shortcut_path = nn.Identity()
        if in_channels != channels[-1]:
            self.shortcut_path = nn.Conv2d(in_channels, channels[-1], kernel_size=(1, 1), bias=False)
        self.main_path = nn.Sequential()
        for i, (out, kernel) in enumerate(zip(channels, kernel_sizes)):
            if i:
                if dropout:
                    self.main_path.add_module(f"drop{i}", nn.Dropout2d(dropout))
                if batchnorm:
                    self.main_path.add_module(f"norm{i}", nn.BatchNorm2d(in_channels))
                self.main_path.add_module(f"act{i}", make_activation(activation_type, activation_params))
            self.main_path.add_module(f"conv{i}", nn.Conv2d(in_channels, out, kernel, padding="same"))
            in_channels = out

    def forward(self, x):
        skip = self.shortcut_path(x)
        out = self.main_path(x)
        out += skip
        return out.relu()


class ResidualBottleneckBlock(nn.Module):
    def __init__(self, in_out_channels, inner_channels, inner_kernel_sizes, **kw):
        super().__init__()
        channels = [inner_channels[0], *inner_channels, in_out_channels]
        self.block = ResidualBlock(in_out_channels, channels, [1, *inner_kernel_sizes, 1], **kw)

    def forward(self, x):
        return self.block(x)


class ResNet(CNN):
    def __init__(
        self,
        in_size,
        out_classes,
        channels,
        pool_every,
        hidden_dims,
        batchnorm=False,
        dropout=0.0,
        bottleneck=False,
        **kw,
    ):
        self.bottleneck = bottleneck
        self.options = {"batchnorm": batchnorm, "dropout": dropout}
        super().__init__(in_size, out_classes, channels, pool_every, hidden_dims, **kw)

    def _make_feature_extractor(self, *, in_size, channels, pool_every, conv_params):
        self.options |= {"activation_type": self.activation, "activation_params": self.params}
        layers, width = [], in_size[0]
        for i in range(0, len(channels), pool_every):
            group = channels[i : i + pool_every]
            step = [self._make_block(width, group)]
            step += [self._make_pooling()] if len(group) == pool_every else []
            layers.append(nn.Sequential(*step))
            width = group[-1]
        return nn.Sequential(*layers)

    def _make_block(self, width, group):
        if self.bottleneck and width == group[-1]:
            return ResidualBottleneckBlock(width, group[1:-1], [3] * len(group[1:-1]), **self.options)
        return ResidualBlock(width, group, [3] * len(group), **self.options)


class YourCNN(CNN):
    """Other kernels, and a dropout in front of the classifier."""

    def __init__(
        self,
        in_size,
        out_classes,
        channels,
        pool_every,
        hidden_dims,
        conv_params=None,
        activation_type="lrelu",
        activation_params={},
        pooling_type="avg",
        pooling_params=None,
        dropout=0.2,
    ):
        conv_params, pooling_params = (
            conv_params or {"kernel_size": 5, "padding": 2},
            pooling_params or {"kernel_size": 2},
        )
        super().__init__(
            in_size,
            out_classes,
            channels,
            pool_every,
            hidden_dims,
            conv_params,
            activation_type,
            activation_params,
            pooling_type,
            pooling_params,
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        return self.mlp(self.drop(self.feature_extractor(x).flatten(1)))
