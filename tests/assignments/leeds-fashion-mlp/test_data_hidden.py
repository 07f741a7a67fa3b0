"""Hidden checks of the data: test pictures, and which pictures are set apart."""

import pytest
import torch
from test_data import check_normalization


@pytest.mark.graded(task="data", weight=2, after="test_normalized_training")
def test_normalized_test(probe, rng):
    """Test pictures are normalized in the same way"""
    picture = torch.randint(0, 256, (28, 28), generator=rng, dtype=torch.uint8)
    check_normalization(probe("normalized", picture=picture), "test picture", picture)


@pytest.mark.graded(task="data", weight=2, after="test_split_sizes")
def test_split_at_random(probe):
    """The validation pictures are drawn at random, and none of them is trained on

    Where it can't be seen which pictures a part holds, for it is no part of a data set as `random_split` makes them,
    nothing is asked.
    """
    actual = probe("split")
    train, valid = (actual[f"pictures of {name}"] for name in ("train_data", "valid_data"))
    if not all(isinstance(part, torch.Tensor) for part in (train, valid)):
        return
    shared = set(train.tolist()) & set(valid.tolist())
    assert not shared, f"{len(shared)} pictures are in train_data and in valid_data; expected none."
    in_a_row = len(valid) > 1 and torch.equal(valid.sort().values, torch.arange(len(valid)) + valid.min())
    assert not in_a_row, (
        f"The validation pictures are those from number {int(valid.min())} to {int(valid.max())}, in a row; expected "
        "that they are drawn at random: `data.random_split` does that."
    )
