"""One table of functions that make activations, and None for no activation at all."""

from functools import partial

from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "lrelu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softmax": partial(nn.Softmax, dim=1),
    "logsoftmax": partial(nn.LogSoftmax, dim=1),
    "none": nn.Identity,
}


class MLP(nn.Module):
    """Apply affine layers and nonlinearities in turn: y = nonlin(W y + b), layer after layer."""

    def __init__(self, in_dim, dims, nonlins):
        """Create one layer for each entry of `dims`.

        in_dim: the number of features that go in, D.
        dims: the number of features that come out of each layer; the last one is the model's output.
        nonlins: what follows each layer, as many entries as `dims`: a name from ACTIVATIONS, or a torch module
            that is used as it is. The last layer has its nonlinearity like all others; "none" is one, too.
        """
        super().__init__()
        if len(nonlins) != len(dims):
            raise ValueError(f"There are {len(nonlins)} nonlinearities for {len(dims)} layers; give one for each.")
        self.in_dim = in_dim
        self.out_dim = dims[-1]
        # Register them as submodules (nn.Sequential does), so that parameters() finds all of them.
        layers = []
        for width, nonlin in zip(dims, nonlins):
            layers.append(nn.Linear(in_dim, width))
            if isinstance(nonlin, str):
                nonlin = ACTIVATIONS[nonlin]()
            if nonlin is not None:
                layers.append(nonlin)
            in_dim = width  # what comes out of this layer goes into the next one
        self.seq = nn.Sequential(*layers)

    def forward(self, x):
        """Return the outputs (N, D_out) for a batch (N, D)."""
        return self.seq(x)  # (N, D_out)
