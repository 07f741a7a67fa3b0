"""Public checks of the data: normalization and the size of the validation set.

The pictures are replaced by noise with the mean and spread of Fashion-MNIST's, so both are known here, and figures that
somebody looked up are right as well.
"""

import pytest
import torch

from grader.compare import Context, Expectation, Spec, Tolerance, assert_matches

MEAN, STD = 0.2860, 0.3530


def assert_normalized_with(actual, name, scaled):
    """Tell with which other mean and standard deviation a picture was normalized, where a pair explains it."""
    both = torch.stack([scaled.flatten(), torch.ones(scaled.numel())], dim=1).double()  # (784, 2)
    slope, constant = torch.linalg.lstsq(both, actual.double().flatten()).solution.tolist()
    explained = (slope * scaled.double() + constant - actual.double()).abs().max() <= 1e-3 * max(1.0, abs(constant))
    if not explained or slope < 1e-6:
        return
    std, mean = 1 / slope, -constant / slope
    is_right = abs(mean - MEAN) < 2e-3 and abs(std - STD) < 2e-3
    assert is_right, (
        f"The {name} comes out as if the mean were {mean:.4g} and the standard deviation {std:.4g}; expected {MEAN} "
        f"and {STD}, those of pixels that are divided by 255 once."
    )


def check_normalization(probe, expected, name, picture):
    """Ask that a picture comes out as (1, 28, 28) of float32, with mean and standard deviation taken out."""
    actual, scaled = probe("normalized", picture=picture), picture.float().unsqueeze(0) / 255
    others = {
        "the picture with values from 0 to 1: it is not normalized": scaled,
        "the picture with the mean taken out, but not divided by the standard deviation": scaled - MEAN,
        "the picture divided by the standard deviation, but with its mean left in": scaled / STD,
        "the picture normalized to values from -1 to 1": (scaled - 0.5) / 0.5,
        "the picture normalized with mean and standard deviation of pixels from 0 to 255: divide those by 255": (
            scaled - 255 * MEAN
        )
        / (255 * STD),
        "the picture divided by the variance, the square of the standard deviation": (scaled - MEAN) / STD**2,
    }
    right = Expectation({name: (scaled - MEAN) / STD}, {name: Tolerance(rtol=2e-3, atol=2e-3)})
    recorded = expected("normalized", lambda: right, picture=picture)
    assert_matches(actual, {name: Spec((1, 28, 28))})
    is_named = any(torch.allclose(actual[name], other, rtol=2e-3, atol=2e-3) for other in others.values())
    if not is_named or float(actual[name].std()) < 0.1:  # so narrow that no comparison would tell
        assert_normalized_with(actual[name], name, scaled)
    assert_matches(actual, recorded, context=Context(others=others))


@pytest.mark.graded(
    task="data", weight=2, grounds="notebook, lines 76 to 78: nine tenths are for training, the rest for validation"
)
def test_split_sizes(probe, expected):
    """54 000 pictures stay for training, 6 000 are for validation

    VALID_RATIO is the share that stays for training.
    """
    actual = probe("split")
    assert actual.get("valid_data is test_data") is not True, (
        f"valid_data holds the test pictures ({actual.get('length of valid_data')}); expected 6000 of the training "
        "pictures, set apart: validating on the test pictures chooses the model by them, and the test is none any more."
    )
    right = {"length of valid_data": 6000, "length of train_data": 54000}
    for name, wanted in expected("split", lambda: right).values.items():
        length = actual.get(name)
        if type(length) is not int or abs(length - wanted) > 1:  # shares such as 1 - 0.9 are not exact
            assert_matches(actual, {name: wanted})


@pytest.mark.graded(
    task="data", weight=3, grounds="notebook, lines 42 to 47: mean and standard deviation of the training pixels"
)
def test_normalized_training(probe, expected, rng):
    """Training pictures are normalized with the mean and the standard deviation of the training pixels

    Both are those of the pixels divided by 255, for ToTensor has divided by then.
    """
    picture = torch.randint(0, 256, (28, 28), generator=rng, dtype=torch.uint8)
    check_normalization(probe, expected, "training picture", picture)
