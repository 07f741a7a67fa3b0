"""Has classes that raise whenever they are looked at: called, compared, asked for their name, or checked for."""


class Trouble(type):
    def __call__(cls, *args, **kwargs):
        raise ValueError("no object of this class")

    def __instancecheck__(cls, other):
        raise ValueError("no check for this class")

    def __eq__(cls, other):
        raise ValueError("no comparison with this class")

    def __hash__(cls):
        raise ValueError("no hash of this class")

    def __repr__(cls):
        raise ValueError("no text of this class")


class LeakyReLU(metaclass=Trouble):
    pass
