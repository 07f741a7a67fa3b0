"""Returns a million numbers in a list, a list of a million lists, and one deeper than any stack."""


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return list(range(10**6))


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        return [[] for _ in range(10**6)]


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        self.p = p

    def step(self, gradient):
        nested = []
        for _ in range(100_000):
            nested = [nested]
        self.p.clone = lambda: nested
