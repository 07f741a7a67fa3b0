"""Raises exceptions that are no Exception, and whose text raises or is enormous."""


class Stop(BaseException):
    pass


class Silent(Exception):
    def __str__(self):
        raise Stop


class Huge(Exception):
    def __str__(self):
        return "x" * 10**8


class LeakyReLU:
    def __init__(self, alpha):
        pass

    def forward(self, x):
        raise Silent


class Linear:
    def __init__(self, w, b):
        pass

    def forward(self, x):
        raise Huge


class MomentumSGD:
    def __init__(self, p, learn_rate, momentum):
        pass

    def step(self, gradient):
        raise Stop
