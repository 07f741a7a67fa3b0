"""The classifier comes first, from nn.Linear alone; parameters are drawn by a rule of their own, sizes come by hook."""

# Written as students write.
# ruff: noqa: B006, B905, RUF005, RUF007

from functools import partial

import torch
from torch import nn

from .mlp import ACTIVATIONS

POOLING = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


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
        self.in_size, self.channels, self.pool_every, self.conv_params = in_size, channels, pool_every, conv_params
        self.act = partial(ACTIVATIONS[activation_type], **activation_params)
        self.pool = partial(POOLING[pooling_type], **pooling_params)
        widths = [self._n_features(), *hidden_dims, out_classes]
        layers = [nn.Flatten()]
        for i, o in zip(widths, widths[1:]):
            layers += [nn.Linear(i, o), self.act()]
        self.classifier = nn.Sequential(*layers[:-1])
        self.extractor = self._make_feature_extractor()
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.kaiming_uniform_(parameter)

    def _make_feature_extractor(self):
        return nn.Sequential(*self._feature_layers())

    def _feature_layers(self):
        width = self.in_size[0]
        for i, out in enumerate(self.channels):
            yield nn.Conv2d(width, out, **self.conv_params)
            yield self.act()
            if not (i + 1) % self.pool_every:
                yield self.pool()
            width = out

    def _n_features(self):
        seen = []
        with torch.random.fork_rng(), torch.no_grad():
            extractor = self._make_feature_extractor().eval()
            extractor[-1].register_forward_hook(lambda module, inputs, output: seen.append(output[0].numel()))
            extractor(torch.rand(1, *self.in_size))
        return seen[0]

    def forward(self, x):
        return self.classifier(self.extractor(x))


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
        self.shortcut_path = nn.Sequential()
        if in_channels != channels[-1]:
            self.shortcut_path.add_module("projection", nn.Conv2d(in_channels, channels[-1], 1, bias=False))
        layers, ins = [], [in_channels, *channels[:-1]]
        for i, o, k in list(zip(ins, channels, kernel_sizes))[::-1]:  # from the last one to the first
            gap = []
            if dropout:
                gap.append(nn.Dropout2d(dropout))
            if batchnorm:
                gap.append(nn.BatchNorm2d(o))
            gap.append(ACTIVATIONS[activation_type](**activation_params))
            layers = [nn.Conv2d(i, o, k, padding=k // 2)] + (gap + layers if layers else [])
        self.main_path = nn.Sequential(*layers)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.shortcut_path(x) + self.main_path(x))


class ResidualBottleneckBlock(ResidualBlock):
    def __init__(self, in_out_channels, inner_channels, inner_kernel_sizes, **kw):
        super().__init__(
            in_channels=in_out_channels,
            channels=inner_channels[:1] + inner_channels + [in_out_channels],
            kernel_sizes=[1] + inner_kernel_sizes + [1],
            **kw,
        )


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
        names = ("activation_type", "activation_params")
        self.options = {"batchnorm": batchnorm, "dropout": dropout, **{name: kw[name] for name in names if name in kw}}
        self.bottleneck = bottleneck
        super().__init__(in_size, out_classes, channels, pool_every, hidden_dims, **kw)

    def _feature_layers(self):
        P, width, group = self.pool_every, self.in_size[0], []
        for i, out in enumerate(self.channels, start=1):
            group.append(out)
            if i % P and i < len(self.channels):
                continue
            yield self._block(width, group)
            if i % P == 0:
                yield self.pool()
            width, group = out, []

    def _block(self, width, group):
        if self.bottleneck and width == group[-1]:
            return ResidualBottleneckBlock(width, group[1:-1], [3] * (len(group) - 2), **self.options)
        return ResidualBlock(width, group, [3] * len(group), **self.options)


class YourCNN(ResNet):
    """A ResNet with norms."""

    def __init__(self, *args, conv_params={}, pooling_params={"kernel_size": 2}, **kw):
        super().__init__(*args, batchnorm=True, pooling_params=pooling_params, **kw)
