"""Has one object that answers to every attribute and every call with itself."""


class Anything:
    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        return self

    def __call__(self, *args, **kwargs):
        return self

    def __iter__(self):
        return iter([self, self, self])

    def __len__(self):
        return 3

    def __bool__(self):
        return True

    def __eq__(self, other):
        return True

    __hash__ = None


LeakyReLU = Linear = MomentumSGD = Anything
