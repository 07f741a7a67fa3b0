"""Is a module that never says whether it has a name that somebody asks for."""


def __getattr__(name):
    while name == "LeakyReLU":
        pass
    raise AttributeError(name)
