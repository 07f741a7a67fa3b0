"""Hidden checks of the experiments with images: other networks, what lr and reg do, folders, results and seeds.

test_experiments.py holds the public ones, and says what is not asked.
"""

import pytest
import torch
from helpers_experiments import draw_images, refuse_other_files, tiny

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches


def smaller(**others):
    """Return arguments of an experiment with one convolution, and another seed."""
    return tiny(**{"filters_per_layer": [6], "layers_per_block": 1, "pool_every": 1, "seed": 7} | others)


@pytest.mark.graded(
    task="cnn-experiment", weight=1, after="test_experiment_network", grounds="hw2 part 5, line 2807: model_type resnet"
)
def test_experiment_with_residual_network(matches_recorded, rng):
    """cnn_experiment trains a ResNet for model_type resnet, here with three numbers of filters

    K=[5, 4, 7] and L=3: nine convolutions, in this order.
    """
    arguments = smaller(
        model_type="resnet", filters_per_layer=[5, 4, 7], layers_per_block=3, pool_every=4, hidden_dims=[9]
    )
    right = {"network": "ResNet", "channels": [5] * 3 + [4] * 3 + [7] * 3, "pool_every": 4, "hidden_dims": [9]}
    right |= {"number of training batches": 4}
    images = draw_images(rng=rng, train=40, test=20)
    matches_recorded("experiment", lambda: right, images=images, arguments=arguments)


@pytest.mark.graded(
    task="cnn-experiment",
    weight=1,
    after="test_experiment_network",
    grounds="hw2 part 5, lines 3038 and 3042: model_type ycn",
)
def test_experiment_with_your_network(matches_recorded, rng):
    """cnn_experiment trains a YourCNN for model_type ycn

    The name that the result files of experiment 2 have in their config.
    """
    arguments = smaller(model_type="ycn", filters_per_layer=[8, 16], layers_per_block=2, pool_every=2)
    right = {"network": "YourCNN", "channels": [8, 8, 16, 16], "pool_every": 2, "hidden_dims": [12]}
    right |= {"number of training batches": 4}
    images = draw_images(rng=rng, train=40, test=20)
    matches_recorded("experiment", lambda: right, images=images, arguments=arguments)


@pytest.mark.graded(
    task="cnn-experiment", weight=1, after="test_experiment_trains", grounds="hw2 part 5, line 2851: lr is an argument"
)
def test_experiment_learning_rate(probe, rng):
    """cnn_experiment trains with its learning rate

    With lr=0 the network stays as it was.
    """
    images = draw_images(rng=rng, train=40, test=20)
    runs = [smaller(lr=0.0), smaller(lr=0.01)]
    actual = probe("experiments", images=images, runs=runs, look_at="test")
    assert_matches(
        actual, {f"scores {when} run {run}": Spec((20, 10)) for when in ("before", "after") for run in (1, 2)}
    )
    untouched = torch.equal(actual["scores after run 1"], actual["scores before run 1"])
    assert untouched, "With lr=0 the training changes the network; expected that it stays as it was."
    assert not torch.equal(actual["scores after run 2"], actual["scores before run 2"]), (
        "With lr=0.01 the training doesn't change the network."
    )


@pytest.mark.graded(
    task="cnn-experiment", weight=1, after="test_experiment_trains", grounds="hw2 part 5, line 2851: reg is an argument"
)
def test_experiment_regularization(probe, rng):
    """cnn_experiment trains with its regularization

    Whatever the loss and the optimizer are, a strong regularization makes another network of the same beginning.
    """
    images = draw_images(rng=rng, train=40, test=20)
    runs = [smaller(reg=0.0), smaller(reg=0.0), smaller(reg=1.0)]
    actual = probe("experiments", images=images, runs=runs, look_at="test")
    assert_matches(actual, {f"scores after run {run}": Spec((20, 10)) for run in (1, 2, 3)})
    without, again, strong = (actual[f"scores after run {run}"] for run in (1, 2, 3))
    assert torch.equal(without, again), "Two runs with the same arguments and seed end with different networks."
    assert not torch.equal(without, strong), (
        "`reg` has no effect: reg=0 and reg=1 end with the same network. Hand it to the optimizer as weight_decay."
    )


@pytest.mark.graded(
    task="cnn-experiment",
    weight=1,
    after="test_experiment_file_name",
    grounds="hw2 part 5, line 2851: out_dir is an argument",
)
def test_experiment_folder(probe, rng):
    """cnn_experiment writes to the folder that it is told, and creates it where it is missing

    One number in K makes a name without a hyphen.
    """
    arguments = smaller(run_name="exp8", out_dir="results/of/today", layers_per_block=3, pool_every=2)
    actual = probe("experiment", images=draw_images(rng=rng, train=40, test=20), arguments=arguments)
    refuse_other_files(actual, name="results/of/today/exp8_L3_K6.json")


@pytest.mark.graded(
    task="experiment-files",
    weight=2,
    after="test_load_experiment",
    grounds="hw2 part 5, line 2797: the file holds the FitResult",
)
def test_experiment_results(probe, rng):
    """The FitResult in the file tells how well the network does on the test images

    After one epoch the last test accuracy, in percent, is the trained network's.
    """
    images = draw_images(rng=rng, train=200, test=60)
    arguments = smaller(epochs=1, batches=100, bs_train=10, lr=0.005)
    actual = probe("experiment_file", images=images, arguments=arguments, look_at="test")
    assert_matches(actual, {"test_acc": Spec((1,)), "train_acc": Spec((1,)), "scores after": Spec((60, 10))})
    correct = actual["scores after"].argmax(dim=1) == images["test_labels"]
    expected = {"test_acc": 100 * correct.float().mean().reshape(1)}
    others = {"the training accuracy": actual["train_acc"], "a fraction instead of percent": expected["test_acc"] / 100}
    exact = {"test_acc": Tolerance(rtol=1e-4, atol=1e-3)}
    assert_matches(actual, Expectation(expected, exact), context=Context(others=others))


@pytest.mark.graded(
    task="experiment-files",
    weight=1,
    after="test_load_experiment",
    grounds="hw2 part 5, lines 2797 and 2815: the file holds what reproduces the run",
)
def test_experiment_can_be_repeated(probe, rng):
    """An experiment without a seed can be repeated with the one in its file

    The file holds the exact parameters that a run was made with.
    """
    images = draw_images(rng=rng, train=40, test=20)
    actual = probe("repeated_experiment", images=images, arguments=smaller(seed=None), look_at="test")
    seed = actual["seed in the file of the first run"]
    assert type(seed) is int, f"The file of a run without a seed says {seed!s:.100} for `seed`; expected an integer."
    assert_matches(actual, {f"scores after the {run} run": Spec((20, 10)) for run in ("first", "second")})
    assert_matches(actual, {"scores after the second run": actual["scores after the first run"]})
