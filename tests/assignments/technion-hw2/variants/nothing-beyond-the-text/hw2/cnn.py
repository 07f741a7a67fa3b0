"""A variant of hw2.cnn that takes what the text's examples give: three arguments of a convolution, relu and lrelu.

Its networks make their MLP by names and then put activations with arguments into its layers.
"""

import torch
from torch import nn

from .mlp import ACTIVATIONS, MLP

POOLINGS = {"max": nn.MaxPool2d, "avg": nn.AvgPool2d}


class CNN(nn.Module):
    """Extract features with convolutions and pooling, then classify them with an MLP.

    The architecture is [(CONV -> ACT)*P -> POOL]*(N/P) -> (FC -> ACT)*M -> FC.
    """

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
        """Describe the network; `_make_feature_extractor` and `_make_mlp` create its two parts.

        in_size: size of one image, (C, H, W).
        out_classes: number of classes, K.
        channels: number of output channels of each of the N convolutions.
        pool_every: number of convolutions before each pooling, P.
        hidden_dims: sizes of the M hidden fully connected layers.
        conv_params: arguments of every convolution, such as kernel_size and padding.
        activation_type, activation_params: a name from ACTIVATIONS, and the arguments of its class.
        pooling_type, pooling_params: a name from POOLINGS, and the arguments of its class.
        """
        super().__init__()
        self.in_size = in_size
        self.out_classes = out_classes
        self.channels = list(channels)
        self.pool_every = pool_every
        self.hidden_dims = hidden_dims
        self.conv_params = conv_params
        self.activation_type = activation_type
        self.activation_params = activation_params
        self.pooling_type = pooling_type
        self.pooling_params = pooling_params

        self.feature_extractor = self._make_feature_extractor()
        self.mlp = self._make_mlp()

    def _make_activation(self):
        """Return a new activation of the network's type."""
        return ACTIVATIONS[self.activation_type](**self.activation_params)

    def _make_pooling(self):
        """Return a new pooling layer of the network's type."""
        return POOLINGS[self.pooling_type](**self.pooling_params)

    def _make_feature_extractor(self):
        """Return the part (CONV -> ACT)*P -> POOL, over and over, as one nn.Sequential.

        The activation follows every convolution. Pooling follows every P-th one: where N is not a multiple of P,
        the last convolutions come without a pooling behind them.
        """
        layers = []
        in_channels = self.in_size[0]
        for i, out_channels in enumerate(self.channels, start=1):
            assert self.activation_type in ("relu", "lrelu")
            kernel, stride, padding = (self.conv_params[name] for name in ("kernel_size", "stride", "padding"))
            layers.append(nn.Conv2d(in_channels, out_channels, kernel, stride, padding))
            layers.append(self._make_activation())
            if i % self.pool_every == 0:
                layers.append(self._make_pooling())
            in_channels = out_channels
        return nn.Sequential(*layers)

    def _n_features(self):
        """Return how many numbers the feature extractor makes of one image.

        This draws no random number and changes nothing in the network (not even running statistics).
        """
        was_training = self.feature_extractor.training
        self.feature_extractor.eval()
        with torch.no_grad():
            features = self.feature_extractor(torch.zeros(1, *self.in_size))  # (1, C, H, W)
        self.feature_extractor.train(was_training)
        return features.numel()

    def _make_mlp(self):
        """Return the part (FC -> ACT)*M -> FC, an MLP from all features to the class scores."""
        names = [self.activation_type] * len(self.hidden_dims)
        mlp = MLP(self._n_features(), self.hidden_dims + [self.out_classes], names + ["none"])
        for i, layer in enumerate(mlp.layers):
            if isinstance(layer, ACTIVATIONS[self.activation_type]):
                mlp.layers[i] = self._make_activation()
        return mlp

    def forward(self, x):
        """Return the class scores (N, K) of images (N, C, H, W)."""
        features = self.feature_extractor(x)  # (N, C, H, W)
        rows = features.flatten(start_dim=1)  # (N, F)
        return self.mlp(rows)  # (N, K)


class ResidualBlock(nn.Module):
    """Add what a few convolutions compute to their input: relu(main_path(x) + shortcut_path(x))."""

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
        """Create self.main_path and self.shortcut_path.

        in_channels: number of channels of the block's input.
        channels: number of output channels of each convolution on the main path.
        kernel_sizes: the kernel size of each of them, odd, so that padding can keep rows and columns.
        batchnorm: whether there is batch normalization between the convolutions.
        dropout: the probability of dropping between the convolutions; 0 is no dropout.
        activation_type, activation_params: a name from ACTIVATIONS, and the arguments of its class.
        """
        super().__init__()
        if len(channels) != len(kernel_sizes) or len(channels) == 0:
            raise ValueError(f"There are {len(channels)} channels and {len(kernel_sizes)} kernel sizes: one for each.")
        if any(size % 2 == 0 for size in kernel_sizes):
            raise ValueError(f"The kernel sizes are {list(kernel_sizes)}; they have to be odd.")

        layers = []
        width = in_channels
        for out_channels, kernel_size in zip(channels, kernel_sizes):
            if layers:
                if dropout > 0:
                    layers.append(nn.Dropout2d(dropout))
                if batchnorm:
                    layers.append(nn.BatchNorm2d(width))
                layers.append(ACTIVATIONS[activation_type](**activation_params))
            layers.append(nn.Conv2d(width, out_channels, kernel_size, padding=kernel_size // 2))
            width = out_channels
        self.main_path = nn.Sequential(*layers)

        shortcut = nn.Identity()
        if width != in_channels:
            shortcut = nn.Conv2d(in_channels, width, kernel_size=1, bias=False)
        self.shortcut_path = nn.Sequential(shortcut)

    def forward(self, x):
        """Return (N, C_out, H, W) for an input (N, C_in, H, W)."""
        out = self.main_path(x) + self.shortcut_path(x)  # (N, C_out, H, W)
        return torch.relu(out)  # (N, C_out, H, W)


class ResidualBottleneckBlock(ResidualBlock):
    """Convolve with fewer channels than come in and go out, a 1x1 convolution on each side."""

    def __init__(self, in_out_channels, inner_channels, inner_kernel_sizes, **kwargs):
        """Create a block whose input and output have the same number of channels.

        in_out_channels: number of channels of the block's input and output.
        inner_channels: number of output channels of each convolution between the two 1x1 convolutions.
        inner_kernel_sizes: the kernel size of each of them.
        kwargs: further arguments of ResidualBlock.
        """
        super().__init__(
            in_out_channels,
            channels=[inner_channels[0], *inner_channels, in_out_channels],
            kernel_sizes=[1, *inner_kernel_sizes, 1],
            **kwargs,
        )


class ResNet(CNN):
    r"""A CNN with a shortcut around every P convolutions.

    The architecture is [-> (CONV -> ACT)*P -> POOL]*(N/P) -> (FC -> ACT)*M -> FC
                         \------- SKIP ------/
    """

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
        """Take what CNN takes, and for the blocks:

        batchnorm, dropout: as for ResidualBlock.
        bottleneck: use a ResidualBottleneckBlock for each group of convolutions that returns as many channels as
            it gets.
        """
        # What the methods below need has to be there before CNN.__init__ calls them.
        self.batchnorm = batchnorm
        self.dropout = dropout
        self.bottleneck = bottleneck
        super().__init__(in_size, out_classes, channels, pool_every, hidden_dims, **kw)

    def _make_feature_extractor(self):
        """Return a block for every P convolutions, with a pooling layer behind it, as one nn.Sequential.

        All kernels on a main path are 3x3 (in a bottleneck: the inner ones). Where N is not a multiple of P, the last
        convolutions make a block of their own without a pooling behind it.
        """
        options = {
            "batchnorm": self.batchnorm,
            "dropout": self.dropout,
            "activation_type": self.activation_type,
            "activation_params": self.activation_params,
        }
        layers = []
        in_channels = self.in_size[0]
        for start in range(0, len(self.channels), self.pool_every):
            group = self.channels[start : start + self.pool_every]
            inner = group[1:-1]
            if self.bottleneck and in_channels == group[-1] and inner:
                layers.append(ResidualBottleneckBlock(in_channels, inner, [3] * len(inner), **options))
            else:
                layers.append(ResidualBlock(in_channels, group, [3] * len(group), **options))
            if len(group) == self.pool_every:
                layers.append(self._make_pooling())
            in_channels = group[-1]
        return nn.Sequential(*layers)


class YourCNN(CNN):
    """A network of your own design: change whatever you like, as long as it is created like a CNN.

    Batch normalization, dropout, shortcuts, bottlenecks, other kernels and strides, blocks of known architectures: see
    what helps against the limits that experiment 1 has shown. Add arguments if you need them.
    """

    def __init__(
        self,
        in_size,
        out_classes,
        channels,
        pool_every,
        hidden_dims,
        conv_params={"kernel_size": 3, "stride": 1, "padding": 1},
        activation_type="relu",
        activation_params={},
        pooling_type="max",
        pooling_params={"kernel_size": 2},
        dropout=0.1,
    ):
        """Take what CNN takes, with values for all that the experiments leave out; `dropout` is for the blocks."""
        self.dropout = dropout
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

    def _make_feature_extractor(self):
        """Return the layers that turn images into features, as one module."""

        # One convolution as for CNN, then residual blocks whose sums are normalized, and pooling while the
        # feature maps are large enough for it.
        in_channels = self.channels[0]
        layers = [
            nn.Conv2d(self.in_size[0], in_channels, **self.conv_params),
            nn.BatchNorm2d(in_channels),
            self._make_activation(),
        ]
        side = min(self.in_size[1:])
        for start in range(0, len(self.channels), self.pool_every):
            group = self.channels[start : start + self.pool_every]
            block = ResidualBlock(
                in_channels,
                group,
                [3] * len(group),
                batchnorm=True,
                dropout=self.dropout,
                activation_type=self.activation_type,
                activation_params=self.activation_params,
            )
            layers += [block, nn.BatchNorm2d(group[-1])]
            if side >= 8:
                layers.append(self._make_pooling())
                side //= 2
            in_channels = group[-1]
        return nn.Sequential(*layers)
