"""Changes what torch does by default for everything that comes after it in this process."""

import torch

torch.set_default_dtype(torch.float16)
torch.set_default_device("meta")
torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)
torch.manual_seed = lambda seed: None
torch.set_grad_enabled(False)


class LeakyReLU:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        torch.set_default_device("meta")
        return torch.ones(x.shape)
