"""A multilayer perceptron as a torch module: Linear layers, each followed by a nonlinearity.

`hw2.classifier` wraps it; `hw2.cnn` ends with one and picks its activations from the same table.

Letters in the shape comments: N samples in a batch, D the features that go in, D_out those that come out.
"""

from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "lrelu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softmax": nn.Softmax,
    "logsoftmax": nn.LogSoftmax,
    "none": nn.Identity,
}

# What a class of the table is created with, unless somebody asks for other arguments.
ACTIVATION_DEFAULT_KWARGS = {name: {} for name in ACTIVATIONS}
ACTIVATION_DEFAULT_KWARGS["softmax"] = {"dim": 1}
ACTIVATION_DEFAULT_KWARGS["logsoftmax"] = {"dim": 1}


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
        # TODO: Create a Linear layer for each entry of dims, with its bias, and behind each its nonlinearity.
        #       Register them as submodules (nn.Sequential does), so that parameters() finds all of them.
        raise NotImplementedError("MLP.__init__")

    def forward(self, x):
        """Return the outputs (N, D_out) for a batch (N, D)."""
        # TODO: Send x through all layers and nonlinearities.
        raise NotImplementedError("MLP.forward")
