"""Public checks of run_depth_optimizer: which networks it trains, and what it returns.

The training is replaced by one that writes down its network and returns figures of ours. The expected widths are
counted here. Optimizer, learning rate and number of epochs are the notebook's own lines, so they are not asked for.
"""

import pytest

from grader.compare import assert_kinds

SCORES = [51.5, 62.25, 73.0, 64.75, 55.5, 46.25]


def count(depth, width, *, features, classes):
    """Return the number of parameters of a perceptron whose hidden layers are all equally wide."""
    return (features + 1) * width + (depth - 1) * (width + 1) * width + (width + 1) * classes


def smallest_widths(max_par_count, max_hidden_layer, **sizes):
    """Return for each depth the smallest width that has at least max_par_count parameters."""
    widths = []
    for depth in range(1, max_hidden_layer + 1):
        width = 1
        while count(depth, width, **sizes) < max_par_count:
            width += 1
        widths.append(width)
    return widths


def networks_of(max_par_count, max_hidden_layer, features, classes):
    """Return the sizes of the layers of each network that is to be trained."""
    widths = smallest_widths(max_par_count, max_hidden_layer, features=features, classes=classes)
    return {"networks": [[features, *[width] * depth, classes] for depth, width in enumerate(widths, start=1)]}


def check_networks(probe, expected, *, max_par_count, max_hidden_layer, features, classes, some=False, **more):
    """Compare the networks that were trained with those of the smallest width, and explain what is off.

    With `some` half of the depths are enough: which of them there are is charged where they are asked for.
    """
    sizes = {"features": features, "classes": classes}
    inputs = {"max_par_count": max_par_count, "max_hidden_layer": max_hidden_layer, **sizes, "scores": SCORES, **more}
    actual, recorded = probe("depth", **inputs), expected("depth", networks_of, **inputs)
    assert_kinds(actual, {"networks": [[int]]})
    networks = actual["networks"]
    refuse_endless(actual, max_par_count, depth=len(networks) + 1)
    wanted = [network[1] for network in recorded.values["networks"]]
    depths = [len(network) - 2 for network in networks]
    asked = list(range(1, max_hidden_layer + 1))
    is_part = some and 2 * len(depths) >= max_hidden_layer and depths == [one for one in asked if one in depths]
    assert depths == asked or is_part, (
        f"Networks with {depths} hidden layers were trained; expected one each with 1 to {max_hidden_layer}."
    )
    for depth, network in zip(depths, networks, strict=True):
        found, width = network[1], wanted[depth - 1]
        assert network == [features, *[found] * depth, classes], (
            f"The network of depth {depth} has layers of {network} units; expected {features} inputs, hidden layers "
            f"that are all equally wide, and {classes} outputs: X_train has {features} columns here, K is {classes}."
        )
        there = count(depth, found, **sizes)
        why = explain(there, count(depth, max(1, found - 1), **sizes), max_par_count, is_wider=found > width)
        assert found == width, (
            f"For {depth} hidden layers and at least {max_par_count} parameters, the width is {found} ({there} "
            f"parameters); expected {width} ({count(depth, width, **sizes)} parameters). {why}"
        )


def refuse_endless(actual, max_par_count, *, depth):
    """Fail where the search for a width did not end, with its reason where that can be told."""
    search, counted = actual.get("search"), actual.get("counted")
    if not search:
        return
    assert_kinds(actual, {"search": [int]})
    if counted == 4:
        why = (
            "count_parameters counts tensors: it says 4 for a network of 4 tensors with 25 numbers, and that never "
            "grows. Add up `p.numel()`."
        )
    elif search[0] == search[-1]:
        why = "Every network is equally wide: make the next one wider before you count again."
    else:
        why = f"It got to a width of {search[0]}. Which number is compared with max_par_count, and does it grow?"
    raise AssertionError(
        f"The search for a width with at least {max_par_count} parameters, for network {depth}, has no end. {why}"
    )


def explain(there, narrower, wanted, *, is_wider):
    """Say what kind of mistake gives this width."""
    if not is_wider and there >= wanted:
        return "Begin with one unit in each hidden layer: without any, nothing of the inputs gets through."
    if not is_wider:
        return "That is too few: go on until there are enough, and count weights and biases of all layers."
    if narrower == wanted:
        return f"One less would have exactly {wanted}, and that is enough: stop as soon as the number is reached."
    return "A narrower one would do: stop at the first width that is enough, and count every number once, with biases."


@pytest.mark.graded(
    task="depth",
    weight=4,
    grounds="tutorial 2, lines 565 and 623 to 627: widen all layers until max_par_count is reached",
)
def test_depth_widths(probe, expected):
    """run_depth_optimizer finds the smallest width for each depth

    With 2 features and 4 classes, at least 100 parameters need widths of 14, 7, 6, 5 and 4.
    """
    options = {"max_par_count": 100, "max_hidden_layer": 5, "features": 2, "classes": 4}
    check_networks(probe, expected, **options)


@pytest.mark.graded(
    task="depth", weight=2, grounds="tutorial 2, lines 580 to 583 and 635: the depths, and a test score for each"
)
def test_depth_returns(probe, expected):
    """run_depth_optimizer returns the depths 1, 2, …, and the test accuracy of each"""
    inputs = {"features": 2, "classes": 4, "max_par_count": 60, "max_hidden_layer": 4, "scores": SCORES}
    actual = probe("depth", **inputs)
    refuse_endless(actual, 60, depth=1)
    assert_kinds(actual, {"hidden layers": [int], "test scores": [float]})
    right = {"hidden layers": [1, 2, 3, 4], "test scores": SCORES[:4]}
    recorded = expected("depth", lambda: right, **inputs).values
    assert actual["hidden layers"] == recorded["hidden layers"], (
        f"The depths are {actual['hidden layers']}; expected [1, 2, 3, 4] for max_hidden_layer=4."
    )
    assert actual["test scores"] != [101.0, 102.0, 103.0, 104.0], (
        "Those are the training accuracies: train_test_classification returns the test accuracy second."
    )
    assert actual["test scores"] == SCORES[:4], (
        f"The accuracies are {actual['test scores']}, while the networks reached {SCORES[:4]} on the test data; "
        "expected these, one for each depth."
    )


@pytest.mark.graded(
    task="depth",
    weight=2,
    grounds="tutorial 2, lines 629 to 634: cross-entropy, an optimizer for this network, both loaders, 100 epochs",
)
def test_depth_trains_what_it_made(probe):
    """run_depth_optimizer trains each network with its own optimizer, on the right data, for 100 epochs"""
    actual = probe("depth", features=2, classes=4, max_par_count=60, max_hidden_layer=3, scores=SCORES)
    refuse_endless(actual, 60, depth=1)
    assert_kinds(actual, {"networks": [[int]], "faults": [str], "epochs": [int]})
    assert actual["networks"], "train_test_classification was never called."
    assert len({tuple(sizes) for sizes in actual["networks"]}) > 1, (
        f"All {len(actual['networks'])} trained networks have the same sizes; expected another for each depth."
    )
    assert not actual["faults"], f"In the call of train_test_classification {' and '.join(actual['faults'])}."
    wrong = [epochs for epochs in actual["epochs"] if epochs != 100]
    assert not wrong, (
        f"train_test_classification is called for {wrong[0]} epoch{'' if wrong[0] == 1 else 's'}; expected 100: "
        "hand num_epochs over."
    )
