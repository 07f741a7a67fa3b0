"""Raises chains, groups and tracebacks that refer to themselves."""


class Loop(Exception):
    __class__ = property(lambda self: BaseException)

    def __getattribute__(self, name):
        if name in ("__traceback__", "__context__", "__cause__"):
            raise self
        return super().__getattribute__(name)


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        error = Loop("loop")
        error.__cause__ = ValueError()
        raise error


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        raise ExceptionGroup("many", [ExceptionGroup("more", [ValueError(n) for n in range(1000)])])


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        pass

    def step(self, gradient):
        raise type("Meta", (Exception,), {"__qualname__": "x" * 1000, "__module__": "y" * 1000})("z")
