"""Returns dicts whose keys and values are megabytes of text."""


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        return {f"{number}" + "k" * 100_000: "v" * 100_000 for number in range(100)}


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        return ["\U0001f389" * 99_999 for _ in range(100)]
