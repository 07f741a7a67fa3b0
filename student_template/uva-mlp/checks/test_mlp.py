"""Public checks of MLP. test_mlp_hidden.py has other sizes, the defaults and how inputs go through."""

import itertools

import pytest
import torch

from grader.compare import Spec, assert_kinds, assert_matches, assert_varied

# Activation and normalization are free, and so is how a layer is written: matrices among the parameters are counted,
# and everything else is judged by what comes out in evaluation mode.


def draw_rows(rng, *, sizes, rows=12):
    """Draw an input for a network of (inputs, *hidden, classes)."""
    return torch.randn(rows, sizes[0], generator=rng)  # (N, inputs)


def text_of(pairs):
    """Return the sizes of matrices as one text, the smaller number of each first."""
    return ", ".join("×".join(map(str, pair)) for pair in sorted(pairs)) or "none"


def pairs_of(sizes):
    """Return one matrix's sizes for each pair of neighbouring sizes, the smaller number first."""
    return {"matrices": [sorted(pair) for pair in itertools.pairwise(sizes)]}


def expect_matrices(actual, sizes, wanted):
    """Ask for the matrices of an MLP of these sizes, in any order."""
    assert_kinds(actual, {"matrices": [[int]]})
    matrices = actual["matrices"]
    found, expected = text_of(matrices), text_of(wanted)
    assert found == expected, (
        f"For input_size={sizes[0]}, hidden_sizes={sizes[1:-1]} and num_classes={sizes[-1]} the linear layers' weights "
        f"are {found} ({len(matrices)}); expected {expected} ({len(wanted)}). Layers that stand in a plain list are "
        "not found: use nn.ModuleList or nn.Sequential."
    )


@pytest.mark.graded(
    task="mlp", weight=2, grounds="practical 1, lines 132 and 152: one row for each input, num_classes scores in it"
)
def test_mlp_scores(probe, rng):
    """MLP returns one score for each input and class

    A batch of shape (N, input_size) goes in, scores of shape (N, num_classes) come out.
    """
    for sizes in ([70, 33, 7], [48, 40, 24, 11]):
        actual = probe("mlp", sizes=sizes, x=draw_rows(rng, sizes=sizes))
        assert_matches(actual, {"scores": Spec((12, sizes[-1]))})
        assert_varied(actual, "scores")


@pytest.mark.graded(
    task="mlp", weight=3, grounds="practical 1, lines 131 to 135: len(hidden_sizes) + 1 linear layers of these sizes"
)
def test_mlp_layers(probe, expected, rng):
    """MLP has len(hidden_sizes) + 1 linear layers of the sizes that are asked for

    The first one takes input_size numbers, each hidden size is what one layer returns and the next one takes.
    """
    for sizes in ([70, 33, 7], [48, 40, 24, 11]):
        inputs = {"sizes": sizes, "x": draw_rows(rng, sizes=sizes)}
        actual, recorded = probe("mlp", **inputs), expected("mlp", pairs_of, **inputs)
        expect_matrices(actual, sizes, recorded.values["matrices"])


FACTORS = [1.0, -1.0, 0.0, 1000.0]


@pytest.mark.graded(
    task="mlp",
    weight=3,
    after="test_mlp_layers",
    strict=True,
    grounds="practical 1, line 123: no activation on the output",
)
def test_mlp_output(probe, rng):
    """No activation follows MLP's last layer

    The scores have to be free to take any value: the loss applies softmax itself.
    """
    sizes = [20, 16, 15, 6]
    actual = probe("mlp_output", sizes=sizes, x=draw_rows(rng, sizes=sizes), factors=FACTORS)
    assert_matches(actual, {"scores": [Spec((12, 6))] * len(FACTORS)})
    plain, negated, without, large = actual["scores"]
    # A linear layer (and a normalization behind it) turns w into -w by going to the other side of what w = 0 gives.
    middle = (plain + negated) / 2
    if (middle - without).abs().max() <= 1e-4 * (1 + plain.abs().max()):
        return
    raise AssertionError(f"{name_activation(plain, large)} follows the last layer; expected plain scores. Remove it.")


def name_activation(scores, large):
    """Name what was applied to scores, judged by them and by what a thousandfold matrix gives."""
    if (scores >= 0).all() and (scores.sum(dim=1) - 1).abs().max() < 1e-4:
        return "A softmax"
    if scores.logsumexp(dim=1).abs().max() < 1e-4:
        return "A log-softmax"
    if large.abs().max() <= 1 + 1e-4:
        return "A sigmoid" if (large >= 0).all() else "A tanh, or another activation with values from -1 to 1,"
    return "A ReLU, or another activation without negative values," if (large >= 0).all() else "An activation"


@pytest.mark.graded(
    task="mlp",
    weight=2,
    after="test_mlp_scores",
    grounds="practical 1, line 123: an activation between the linear layers, which one is free",
)
def test_mlp_is_not_linear(probe, rng):
    """MLP has an activation between its linear layers

    Without one, all layers together are nothing but one linear layer. Which one you take is your choice.
    """
    sizes = [20, 30, 24, 6]
    first, second = draw_rows(rng, sizes=sizes), draw_rows(rng, sizes=sizes)
    xs = [2 * first, 2 * second, 2 * (first + second), torch.zeros_like(first)]
    actual = probe("mlp_rows", sizes=sizes, xs=xs)
    assert_matches(actual, {"scores": [Spec((12, 6))] * len(xs)})
    assert_varied({"scores": actual["scores"][:3]}, "scores")
    one, other, both, nothing = actual["scores"]
    bend = (one + other - both - nothing).abs().max()
    assert bend > 1e-4 * both.abs().max(), (
        "The scores of a + b are those of a plus those of b: the network is linear; expected an activation between the "
        "linear layers. Is it called in forward?"
    )
