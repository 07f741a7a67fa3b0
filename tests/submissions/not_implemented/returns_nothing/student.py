"""Returns None everywhere, as a stub does."""


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        pass


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        return ...
