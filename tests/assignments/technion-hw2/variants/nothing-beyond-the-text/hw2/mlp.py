"""A variant of hw2.mlp that keeps its layers in `layers`; hw2.cnn beside it looks into them."""

from torch import nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "softmax": nn.Softmax,
    "logsoftmax": nn.LogSoftmax,
    "lrelu": nn.LeakyReLU,
    "none": nn.Identity,
}
ACTIVATION_DEFAULT_KWARGS = {name: {"dim": 1} if "softmax" in name else {} for name in ACTIVATIONS}


class MLP(nn.Module):
    def __init__(self, in_dim, dims, nonlins):
        super().__init__()
        self.in_dim, self.out_dim = in_dim, dims[-1]
        parts = []
        for inputs, outputs, nonlin in zip([in_dim, *dims], dims, nonlins):
            is_name = isinstance(nonlin, str)
            parts += [nn.Linear(inputs, outputs)]
            parts += [ACTIVATIONS[nonlin](**ACTIVATION_DEFAULT_KWARGS[nonlin]) if is_name else nonlin]
        self.layers = nn.Sequential(*parts)

    def forward(self, x):
        return self.layers(x)
