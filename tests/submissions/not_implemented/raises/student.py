"""Raises NotImplementedError everywhere, once as an instance of a class of its own."""


class Unwritten(NotImplementedError):
    pass


class LeakyReLU:
    def __init__(self, alpha):
        raise NotImplementedError


class Linear:
    def __init__(self, w, b):
        raise Unwritten("<b>later</b>")


class MomentumSGD:
    def __init__(self, *args):
        raise NotImplementedError("TODO")
