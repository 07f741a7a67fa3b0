"""The layers and the activations sit in two lists of modules under other names; a softmax finds its axis itself."""

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
ACTIVATION_DEFAULT_KWARGS = {name: {} for name in ACTIVATIONS}


class MLP(nn.Module):
    def __init__(self, in_dim, dims, nonlins):
        super().__init__()
        assert len(dims) == len(nonlins)
        self.in_dim, self.out_dim = in_dim, dims[-1]
        self.activations = nn.ModuleList(
            nonlin if isinstance(nonlin, nn.Module) else ACTIVATIONS[nonlin]() for nonlin in nonlins
        )
        sizes = [in_dim, *dims]
        self.fully_connected = nn.ModuleList(nn.Linear(sizes[i], dims[i]) for i in range(len(dims)))

    def forward(self, x):
        for i, layer in enumerate(self.fully_connected):
            x = self.activations[i](layer(x))
        return x
