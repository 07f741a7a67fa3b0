"""Hidden checks of the data loaders with shuffled pixels: one order for all parts, which parts there are, no change.

test_shuffle.py has the public ones, and says what is free.
"""

import pytest
import torch
from test_shuffle import read_loaders, shuffled_loaders


@pytest.mark.graded(
    task="shuffle",
    weight=3,
    after="test_shuffle_one_order",
    grounds="practical 2, line 397: the pixels of all images are shuffled by one permutation",
)
def test_shuffle_same_in_all_parts(probe):
    """Training, validation and test images have the same order of pixels"""
    first, *others = shuffled_loaders(probe("loaders"))
    for loader in others:
        assert torch.equal(loader.order, first.order), (
            f"`{loader.name}` has another order of pixels than `{first.name}`; expected the same order in training, "
            "validation and test: draw it once."
        )


@pytest.mark.graded(
    task="shuffle",
    weight=2,
    after="test_shuffle_one_order",
    grounds="practical 2, lines 364 and 402: data loaders for train_model, which takes three parts",
)
def test_shuffle_parts(probe):
    """There are shuffled loaders for training, validation and test, of images that don't overlap

    `train_model` wants all three of them.
    """
    found = shuffled_loaders(probe("loaders"))
    of_training = [loader for loader in found if loader.train]
    assert any(not loader.train for loader in found), (
        "No loader has shuffled test images; expected loaders for training, validation and test."
    )
    apart = [set(one.rows).isdisjoint(other.rows) for one in of_training for other in of_training if one is not other]
    assert any(apart), (
        "There are no two loaders with shuffled images of the training file that don't overlap; expected one for "
        "training and one for validation."
    )


@pytest.mark.graded(
    task="shuffle",
    weight=1,
    after="test_shuffle_one_order",
    grounds="practical 2, lines 397 and 405: the experiment is repeated on the shuffled images",
)
def test_shuffle_is_trained_on(probe):
    """The model of part 3 is trained on the shuffled images

    Where nothing is trained below the shuffled loaders, nothing is asked.
    """
    actual = probe("loaders")
    found = shuffled_loaders(actual)
    trained = [loader for loader in read_loaders(actual) if loader.is_trained_on]
    assert not trained or any(loader.is_shuffled for loader in trained), (
        f"Below the shuffled loaders, the training gets `{trained[0].name}`, whose pixels are in their usual order; "
        f"expected shuffled ones, such as `{found[0].name}`: a loader that is only made changes nothing."
    )


@pytest.mark.graded(
    task="shuffle", weight=1, after="test_shuffle_one_order", grounds="practical 2, line 402: a fixed shuffle"
)
def test_shuffle_is_fixed(probe):
    """The order stays the same from one pass over the data to the next"""
    names = {loader.name: loader for loader in shuffled_loaders(probe("loaders"))}
    for loader in shuffled_loaders(probe("loaders", again=True)):
        before = names.get(loader.name)
        assert before is None or torch.equal(loader.order, before.order), (
            f"`{loader.name}` has another order of pixels in the second pass; expected the same in all of them."
        )
