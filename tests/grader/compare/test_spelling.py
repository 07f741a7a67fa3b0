"""Promises of `spelling`: what came instead, and which name is likely meant."""

import pytest
import torch

from grader.compare import Mismatch, assert_matches
from grader.compare.spelling import came_instead, nearest_name


@pytest.mark.parametrize(
    ("wanted", "present", "nearest"),
    [
        ("W1", ["db1", "dW1", "dW2"], "dW1"),
        ("dW1", ["W1", "W2"], "W1"),
        ("Linear", ["linear", "LinearLayer"], "linear"),
        ("Linear", ["Linaer", "ReLU"], "Linaer"),
        ("batch_norm", ["batchnorm", "batch"], "batchnorm"),
        ("grad_w", ["w_grad", "x"], "w_grad"),
        ("forward", ["backward", "step"], ""),
        ("W1", ["completely", "other"], ""),
        ("W1", [], ""),
        ("(32, 110)", ["(258, 101)", "(32, 111)"], ""),
        ("256", ["257", "256.0"], ""),
        ("W1", ["1"], ""),
    ],
)
def test_the_nearest_name(wanted, present, nearest):
    """Another case is nearest, then a prefix more or less, then like letters; nothing is guessed beyond that."""
    assert nearest_name(wanted, present) == nearest


def test_what_came_instead_is_bounded():
    """Five names are told, the nearest first, and how many more there are."""
    words = came_instead("W1", [f"other{number}" for number in range(9)] + ["dW1"])
    assert words.startswith("What came instead: `dW1`, `other0`, ")
    assert words.endswith("`other3` and 5 more. Is `dW1` meant to be `W1`?")
    assert came_instead("W1", []) == ""
    assert "`" not in came_instead("W1", ["`evil`\u202e"]).replace("`", "", 2)


def test_missing_outputs_and_keys_are_told_with_what_came():
    """A missing output, and a missing key of a dict, name what came in their place."""
    with pytest.raises(Mismatch, match=r"`W1` is missing.*What came instead: `dW1`. Is `dW1` meant to be `W1`\?"):
        assert_matches({"dW1": torch.ones(2)}, {"W1": torch.ones(2)})
    actual = {"grads": {"dW1": torch.ones(2), "b1": torch.ones(2)}}
    with pytest.raises(Mismatch) as raised:
        assert_matches(actual, {"grads": {"W1": torch.ones(2), "b1": torch.ones(2)}})
    assert "What came instead: `dW1`. Is `dW1` meant to be `W1`?" in str(raised.value)
