"""Hidden checks of the data: test pictures, and which pictures are set apart."""

import pytest
import torch
from test_data import check_normalization


@pytest.mark.graded(
    task="data",
    weight=2,
    after="test_normalized_training",
    grounds="notebook, lines 48 to 51: the same numbers for the test pictures",
)
def test_normalized_test(probe, expected, rng):
    """Test pictures are normalized in the same way"""
    picture = torch.randint(0, 256, (28, 28), generator=rng, dtype=torch.uint8)
    check_normalization(probe, expected, "test picture", picture)


@pytest.mark.graded(
    task="data",
    weight=2,
    after="test_split_sizes",
    grounds="notebook, lines 75 and 79: a random split, validation data is not trained on",
)
def test_split_at_random(probe):
    """The validation pictures are drawn at random, and none of them is trained on

    Both parts are read: whatever hands on the pictures of train_data shows which ones it holds.
    """
    actual = probe("split")
    names = ("train_data", "valid_data")
    train, valid = (actual.get(f"pictures of {name}") for name in names)
    for name, part in zip(names, (train, valid), strict=True):
        shows = isinstance(part, torch.Tensor) and part.ndim == 1 and len(part) > 1 and part.dtype == torch.int64
        assert shows, (
            f"`{name}` does not show which pictures of the data set it holds; expected a part of `train_data` as "
            "`data.random_split` makes it."
        )
    twice = len(valid) - len(set(valid.tolist()))
    assert not twice, f"{twice} pictures of valid_data are in it twice; expected each picture once."
    shared = set(train.tolist()) & set(valid.tolist())
    assert not shared, f"{len(shared)} pictures are in train_data and in valid_data; expected none."
    first, last = min(valid.tolist()), max(valid.tolist())
    in_a_row = sorted(valid.tolist()) == [first + number for number in range(len(valid))]
    assert not in_a_row, (
        f"The validation pictures are those from number {first} to {last}, in a row; expected "
        "that they are drawn at random: `data.random_split` does that."
    )
