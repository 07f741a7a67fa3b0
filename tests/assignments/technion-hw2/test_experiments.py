"""Public checks of the experiments with images: the network, its training, the result file and the command line.

The images are drawn here and take CIFAR-10's place, so an experiment takes a second. Nothing is asked about accuracy,
loss or optimizer: the text leaves them open. Nor about early stopping and checkpoints, which are optional in fit.
test_experiments_hidden.py looks at what the other arguments do.
"""

import pytest
import torch
import torch.nn.functional as F
from helpers_experiments import draw_images, refuse_other_files, tiny

from grader.compare import Context, Spec, assert_matches


@pytest.mark.graded(
    task="cnn-experiment", weight=2, grounds="hw2 part 5, lines 2775 to 2782 and 2804 to 2808: the network of K and L"
)
def test_experiment_network(matches_recorded, rng):
    """cnn_experiment creates the network that its arguments describe

    Every number in filters_per_layer is the number of filters of layers_per_block convolutions in a row: K=[32, 64]
    and L=2 are the channels 32, 32, 64, 64. The images are (3, 32, 32) and there are ten classes.
    """
    right = {
        "network": "CNN",
        "channels": [6, 6, 10, 10],
        "pool_every": 2,
        "hidden_dims": [12],
        "in_size": [3, 32, 32],
        "out_classes": 10,
    }
    images = draw_images(rng=rng, train=70, test=30)
    matches_recorded("experiment", lambda: right, images=images, arguments=tiny())


@pytest.mark.graded(task="cnn-experiment", weight=2, grounds="hw2 part 5, line 2805: epochs and batches are arguments")
def test_experiment_trains(probe, rng):
    """cnn_experiment trains for all epochs, with at most `batches` batches an epoch

    Two epochs of two batches of bs_train images; testing has batches of bs_test images. Afterwards the network does
    better on the training images than at the beginning.
    """
    images = draw_images(rng=rng, train=70, test=30)
    actual = probe("experiment", images=images, arguments=tiny(), look_at="train")
    assert_matches(actual, {"sizes of the training batches": [20, 20, 20, 20], "number of training batches": 4})
    sizes = actual["sizes of the test batches"]
    assert set(sizes) == {10}, f"The test batches have the sizes {sizes}; expected 10 images in each."
    assert_matches(actual, {"scores before": Spec((70, 10)), "scores after": Spec((70, 10))})
    before, after = (F.cross_entropy(actual[f"scores {when}"], images["train_labels"]) for when in ("before", "after"))
    assert after < before, (
        f"The cross-entropy of the training images is {before:.6g} before the training and {after:.6g} after it; "
        "expected a smaller one. Does the optimizer get the parameters of this network?"
    )


@pytest.mark.graded(
    task="cnn-experiment", weight=1, grounds="hw2 part 5, lines 2812 and 2850: the result file and its name"
)
def test_experiment_file_name(probe, rng):
    """cnn_experiment writes its result file to ./results, with L and K in its name

    `run_name`_L{}_K{}.json, the numbers of filters joined by hyphens.
    """
    actual = probe("experiment", images=draw_images(rng=rng, train=70, test=30), arguments=tiny(run_name="exp9"))
    refuse_other_files(actual, name="results/exp9_L2_K6-10.json")


@pytest.mark.graded(
    task="cnn-experiment",
    weight=1,
    after="test_experiment_trains",
    grounds="hw2 part 5, lines 2797 and 2815: what is needed to reproduce a run",
)
def test_experiment_seed(probe, rng):
    """cnn_experiment gives the same result for the same seed, and another one for another

    The seed decides the first weights and the order of the training images.
    """
    images = draw_images(rng=rng, train=70, test=30)
    runs = [tiny(seed=1), tiny(seed=1), tiny(seed=2)]
    actual = probe("experiments", images=images, runs=runs, look_at="test")
    assert_matches(actual, {f"scores after run {run}": Spec((30, 10)) for run in (1, 2, 3)})
    first = actual["scores after run 1"]
    assert_matches(actual, {"scores after run 2": first}, context=Context())
    assert not torch.equal(actual["scores after run 3"], first), "The seeds 1 and 2 give the same network."


@pytest.mark.graded(
    task="experiment-files",
    weight=2,
    after="test_experiment_file_name",
    grounds="hw2 part 5, lines 2811 and 2812: load_experiment returns the parameters and the results",
)
def test_load_experiment(probe, rng):
    """load_experiment returns the arguments of an experiment and its FitResult

    In this order. The arguments are a dict from which the run can be repeated; the FitResult has a loss and an accuracy
    for every epoch.
    """
    arguments = tiny(epochs=3, hidden_dims=[9, 8], reg=0.01)
    actual = probe("experiment_file", images=draw_images(rng=rng, train=70, test=30), arguments=arguments)
    assert_matches(actual, {"number of result files": 1})
    assert isinstance(actual["config"], dict), "load_experiment returned no dict as the first of two; expected one."
    assert_matches(actual["config"], arguments)
    # One loss an epoch, or one a batch, of however many there were: Trainer.fit may do either.
    per_epoch = {name: Spec((3,)) for name in ("train_acc", "test_acc")}
    assert_matches(actual, per_epoch)
    for name in ("train_loss", "test_loss"):
        shape = tuple(getattr(actual[name], "shape", ()))
        is_whole = len(shape) == 1 and shape[0] > 0 and shape[0] % 3 == 0
        assert_matches(actual, {name: Spec(shape if is_whole else (3,))})


@pytest.mark.graded(
    task="experiment-files",
    weight=2,
    after="test_load_experiment",
    grounds="hw2 part 5, lines 2758, 2768 and 2769: the command that runs an experiment",
)
def test_experiment_command(probe, rng):
    """`python -m hw2.experiments run-exp` runs an experiment

    With the options -n, -K, -L, -P and -H; all others have defaults.
    """
    command = ["run-exp", "-n", "cli", "-K", "4", "6", "-L", "2", "-P", "2", "-H", "12", "11"]
    actual = probe("experiment_command", images=draw_images(rng=rng, train=60, test=20), command=command)
    assert_matches(actual, {"exit code": 0})
    refuse_other_files(actual, name="results/cli_L2_K4-6.json")
    asked = {"channels": [4, 4, 6, 6], "pool_every": 2, "hidden_dims": [12, 11]}
    assert_matches(actual, asked)
    assert isinstance(actual["config"], dict), "load_experiment returned no dict as the first of two; expected one."
    config = {"run_name": "cli", "filters_per_layer": [4, 6], "layers_per_block": 2}
    assert_matches(actual["config"], config | {"pool_every": 2, "hidden_dims": [12, 11]})
