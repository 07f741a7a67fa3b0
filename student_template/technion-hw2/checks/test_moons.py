"""Public checks of the binary classifier that learns two moons, with the student's own hyperparameters.

test_moons_hidden.py draws other points. The accuracies are computed here, from the labels of points whose classes
training did not see, and of the training points.
"""

import pytest
from helpers_moons import draw_moons, train_and_judge

ARCH = ("n_layers", "hidden_dims", "activation", "out_activation")
# Any of these may be in part3_optim_hp(): the text hands all but loss_fn to torch.optim.SGD, which has defaults.
OPTIM = ("loss_fn", "lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize", "foreach", "fused")


def find_unusable(actual):
    """Return in words what is wrong with the hyperparameters, "" where nothing is."""
    for name, keys in (("arch", ARCH), ("optim", ("loss_fn",))):
        settings, function = actual[name], f"part3_{name}_hp()"
        if not isinstance(settings, dict):
            return f"{function} returned something else than a dict; expected one with the keys {', '.join(keys)}."
        missing = [key for key in keys if key not in settings]
        if missing:
            return f"{function} lacks {', '.join(missing)}; expected the keys {', '.join(keys)}."
    arch, optim = actual["arch"], actual["optim"]
    unknown = [key for key in optim if key not in OPTIM]
    if unknown:
        return f"part3_optim_hp() has the key {unknown[0]!r:.60}, which torch.optim.SGD doesn't take."
    for key in ("n_layers", "hidden_dims"):
        if type(arch[key]) is not int or not 1 <= arch[key] <= 10_000:
            return f"part3_arch_hp() says {key} is {arch[key]!r:.60}; expected a whole number from 1 on."
    for key in ("lr", "weight_decay", "momentum"):
        if type(optim.get(key, 0)) not in (int, float) or not 0 <= optim.get(key, 0) < 1000:
            return f"part3_optim_hp() says {key} is {optim[key]!r:.60}; expected a number from 0 on."
    if optim["loss_fn"] != "callable":
        return "part3_optim_hp() has a loss_fn that can't be called; expected one such as torch.nn.CrossEntropyLoss()."
    return ""


@pytest.mark.graded(
    task="moons", weight=1, grounds="hw2 part 3, lines 1707 and 1717 to 1731: the hyperparameters and how they are used"
)
def test_moons_hyperparameters(probe):
    """part3_arch_hp and part3_optim_hp return usable hyperparameters

    The notebook takes loss_fn out of the second dict and hands the rest to torch.optim.SGD.
    """
    unusable = find_unusable(probe("part3_hyperparameters"))
    assert not unusable, unusable


@pytest.mark.graded(
    task="moons",
    weight=2,
    after="test_moons_hyperparameters",
    grounds="hw2 part 3, lines 1736 and 1737: 85 % in training, 75 % in validation",
)
def test_moons(probe, dataset, rng, curve):
    """The classifier of part 3 learns: 85 % on the training points, 75 % on points like the validation points

    Twenty epochs with your hyperparameters, your MLP, BinaryClassifier and ClassifierTrainer.
    """
    train_and_judge(probe, curve, draw_moons(dataset, rng))
