"""Shortcuts are a function or a bare Conv2d, no bias in front of norms, elements are dropped instead of channels."""

# Written as students write.
# ruff: noqa: B006, B905

import torch
from torch import nn

from . import mlp

POOLINGS = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


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
        self.in_size, self.out_classes, self.channels, self.hidden_dims = in_size, out_classes, channels, hidden_dims
        self.P, self.conv_params, self.pooling = pool_every, conv_params, POOLINGS[pooling_type](**pooling_params)
        self.activation = mlp.ACTIVATIONS[activation_type](**activation_params)  # one module for all places
        self.block_activation = {"activation_type": activation_type, "activation_params": activation_params}
        self.feature_extractor = self._make_feature_extractor()
        self.mlp = self._make_mlp()

    def _make_feature_extractor(self):
        widths = [self.in_size[0], *self.channels]
        groups = []
        for start in range(0, len(self.channels), self.P):
            layers = []
            for i in range(start, min(start + self.P, len(self.channels))):
                layers += [nn.Conv2d(widths[i], widths[i + 1], **self.conv_params), self.activation]
            if start + self.P <= len(self.channels):
                layers.append(self.pooling)
            groups.append(nn.Sequential(*layers))
        return nn.Sequential(*groups)

    def _n_features(self):
        mode = self.training
        self.train(False)
        count = self.feature_extractor(torch.zeros(1, *self.in_size)).numel()
        self.train(mode)
        return count

    def _make_mlp(self):
        nonlins = [self.activation] * len(self.hidden_dims) + [nn.Identity()]
        return mlp.MLP(in_dim=self._n_features(), dims=[*self.hidden_dims, self.out_classes], nonlins=nonlins)

    def forward(self, x):
        x = self.feature_extractor(x)
        return self.mlp(torch.flatten(x, 1))


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
        layers, width, last = [], in_channels, len(channels) - 1
        for i, (out, kernel) in enumerate(zip(channels, kernel_sizes)):
            padding = (kernel - 1) // 2
            layers.append(nn.Conv2d(width, out, kernel, padding=padding, bias=i == last or not batchnorm))
            if i != last:
                layers.append(nn.Dropout(dropout))
                layers += [nn.BatchNorm2d(out)] if batchnorm else []
                layers.append(mlp.ACTIVATIONS[activation_type](**activation_params))
            width = out
        self.main_path = nn.Sequential(*layers)
        if width == in_channels:
            self.shortcut_path = lambda x: x
        else:
            self.shortcut_path = nn.Conv2d(in_channels, width, 1, bias=False)

    def forward(self, x):
        return nn.functional.relu(self.main_path(x) + self.shortcut_path(x))


class ResidualBottleneckBlock(ResidualBlock):
    def __init__(self, in_out_channels, inner_channels, inner_kernel_sizes, **kw):
        channels = [inner_channels[0], *inner_channels, in_out_channels]
        super().__init__(in_out_channels, channels, [1, *inner_kernel_sizes, 1], **kw)


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
        self.bottleneck, self.kw = bottleneck, {"batchnorm": batchnorm, "dropout": dropout}
        super().__init__(in_size, out_classes, channels, pool_every, hidden_dims, **kw)

    def _make_feature_extractor(self):
        layers, width, full = [], self.in_size[0], len(self.channels) // self.P
        groups = [self.channels[i * self.P : (i + 1) * self.P] for i in range(full + 1)]
        for i, group in enumerate(group for group in groups if group):
            kw = {**self.kw, **self.block_activation}
            if self.bottleneck and width == group[-1]:
                layers.append(ResidualBottleneckBlock(width, group[1:-1], [3] * len(group[1:-1]), **kw))
            else:
                layers.append(ResidualBlock(width, group, [3] * len(group), **kw))
            if i < full:
                layers.append(self.pooling)
            width = group[-1]
        return nn.Sequential(*layers)


class YourCNN(nn.Module):
    """Strides instead of pooling, and layer norms."""

    def __init__(self, in_size, out_classes, channels, pool_every, hidden_dims, *rest, **ignored):
        super().__init__()
        layers, width = [], in_size[0]
        for i, out in enumerate(channels, start=1):
            layers += [
                nn.Conv2d(width, out, 3, stride=2 if i % pool_every == 0 else 1, padding=1),
                nn.GroupNorm(1, out),
            ]
            layers.append(nn.GELU())
            width = out
        self.layers = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(4 * width, out_classes))

    def forward(self, x):
        return self.layers(x)
