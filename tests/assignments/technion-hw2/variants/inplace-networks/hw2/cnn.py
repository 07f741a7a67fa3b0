"""Work in place where torch can and in the list that is given; keep layers that do nothing."""

# Written as students write.
# ruff: noqa: B006, B905, C408, RUF005

import torch
import torch.nn as nn
from hw2.mlp import ACTIVATIONS, MLP

IN_PLACE = ("relu", "lrelu")


def activation(kind, params):
    params = dict(params)
    if kind in IN_PLACE:
        params["inplace"] = True
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
        self.in_size, self.conv_params = in_size, conv_params
        self.kind, self.params = activation_type, activation_params
        self.pool = (pooling_type, pooling_params)
        self.feature_extractor = nn.Sequential(*self._make_feature_extractor(channels, pool_every))
        self.mlp = self._make_mlp(hidden_dims, out_classes)

    def _make_feature_extractor(self, channels, pool_every):
        layers = []
        channels.insert(0, self.in_size[0])  # whoever gave the list finds it longer
        for width, out in zip(channels, channels[1:]):
            layers += [nn.Conv2d(width, out, **self.conv_params), activation(self.kind, self.params)]
            number = sum(isinstance(layer, nn.Conv2d) for layer in layers)
            layers.append(self._pooling() if number % pool_every == 0 else nn.Identity())
        return layers

    def _pooling(self):
        kind, params = self.pool
        return {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}[kind](**params)

    def _n_features(self):
        before = torch.get_rng_state()
        try:
            with torch.no_grad():
                self.feature_extractor.eval()
                return self.feature_extractor(torch.randn(1, *self.in_size)).numel()
        finally:
            self.feature_extractor.train()
            torch.set_rng_state(before)

    def _make_mlp(self, hidden_dims, out_classes):
        nonlins = [activation(self.kind, self.params) for _ in hidden_dims]
        return MLP(in_dim=self._n_features(), dims=[*hidden_dims, out_classes], nonlins=[*nonlins, "none"])

    def forward(self, x):
        features = self.feature_extractor(x)
        return self.mlp(features.reshape(features.size(0), features[0].numel()))


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
        **kwargs,
    ):
        super().__init__()
        self.main_path, width = nn.Sequential(), in_channels
        for i, (out, k) in enumerate(zip(channels, kernel_sizes), start=1):
            self.main_path.append(nn.Conv2d(width, out, (k, k), padding=(k // 2, k // 2)))
            if i < len(channels):
                self.main_path.append(nn.Dropout2d(dropout, inplace=False))
                self.main_path.append(nn.BatchNorm2d(out) if batchnorm else nn.Identity())
                self.main_path.append(activation(activation_type, activation_params))
            width = out
        self.shortcut_path = nn.Sequential(
            nn.Conv2d(in_channels, width, 1, bias=False) if width != in_channels else nn.Identity()
        )

    def forward(self, x):
        out = self.main_path(x)
        out += self.shortcut_path(x)
        return torch.relu_(out)


class ResidualBottleneckBlock(ResidualBlock):
    def __init__(self, in_out_channels, inner_channels, inner_kernel_sizes, **kwargs):
        kernel_sizes = [1] + list(inner_kernel_sizes) + [1]
        channels = [inner_channels[0]] + list(inner_channels) + [in_out_channels]
        super().__init__(in_out_channels, channels, kernel_sizes, **kwargs)


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
        self.batchnorm, self.dropout, self.bottleneck = batchnorm, dropout, bottleneck
        super().__init__(in_size, out_classes, channels, pool_every, hidden_dims, **kw)

    def _make_feature_extractor(self, channels, pool_every):
        layers, width = [], self.in_size[0]
        kw = dict(batchnorm=self.batchnorm, dropout=self.dropout, activation_type=self.kind)
        while channels:
            group, channels = channels[:pool_every], channels[pool_every:]
            kernels = [3] * len(group)
            # The same layers as in a bottleneck block, without its class.
            if self.bottleneck and group[-1] == width:
                kernels[0] = kernels[-1] = 1
                group = [group[1], *group[1:-1], group[-1]]
            layers.append(ResidualBlock(width, group, kernels, activation_params=self.params, **kw))
            if len(group) == pool_every:
                layers.append(self._pooling())
            width = group[-1]
        return layers


class YourCNN(CNN):
    """A CNN with norms in front of it and values of its own."""

    def __init__(
        self,
        in_size,
        out_classes,
        channels,
        pool_every,
        hidden_dims,
        conv_params=dict(kernel_size=3, padding=1),
        activation_type="relu",
        activation_params={},
        pooling_type="max",
        pooling_params=dict(kernel_size=2),
    ):
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
        self.norm = nn.BatchNorm2d(in_size[0])

    def forward(self, x):
        return super().forward(self.norm(x))
