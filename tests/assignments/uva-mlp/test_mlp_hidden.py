"""Hidden checks of MLP: other sizes, the defaults, the path of gradients and rows."""

import pytest
from test_mlp import draw_rows, expect_matrices, pairs_of, text_of

from grader.compare import Spec, assert_kinds, assert_matches, assert_varied


@pytest.mark.graded(
    task="mlp", weight=2, grounds="practical 1, line 135: len(hidden_sizes) + 1 linear layers, whatever the list holds"
)
def test_mlp_other_depths(probe, expected, rng):
    """MLP works with no, one and four hidden layers

    len(hidden_sizes) + 1 linear layers: with an empty list one layer goes from the input to the scores.
    """
    for sizes in ([31, 9], [3072, 60, 10], [64, 50, 42, 30, 26, 19]):
        inputs = {"sizes": sizes, "x": draw_rows(rng, sizes=sizes)}
        actual, recorded = probe("mlp", **inputs), expected("mlp", pairs_of, **inputs)
        assert_matches(actual, {"scores": Spec((12, sizes[-1]))})
        expect_matrices(actual, sizes, recorded.values["matrices"])


@pytest.mark.graded(
    task="mlp", weight=2, grounds="practical 1, lines 135 and 142: forward applies the network, with all of its layers"
)
def test_mlp_gradients(probe, expected, rng):
    """Every linear layer of MLP takes part in the scores

    A layer that is made has to be called, too, and each one once.
    """
    sizes = [40, 32, 32, 32, 8]  # layers of one size can be swapped or left out unnoticed
    inputs = {"sizes": sizes, "x": draw_rows(rng, sizes=sizes, rows=32)}
    actual, recorded = probe("mlp_gradients", **inputs), expected("mlp_gradients", pairs_of, **inputs)
    expect_matrices(actual, sizes, recorded.values["matrices"])
    assert_kinds(actual, {"reached": [bool]})
    idle = [number for number, reached in enumerate(actual["reached"], start=1) if not reached]
    assert not idle, (
        f"The scores do not depend on {len(idle)} of the {len(actual['reached'])} linear layers: no gradient gets to "
        f"number {', '.join(map(str, idle))} in their order of creation. Is each layer called in forward?"
    )


@pytest.mark.graded(
    task="mlp",
    weight=1,
    after="test_mlp_scores",
    grounds="practical 1, lines 132 and 152: the scores of a row are about the input in that row",
)
def test_mlp_rows(probe, rng):
    """In evaluation mode, MLP's scores of one input don't depend on the rest of the batch

    A sum, softmax or mean over axis 0 mixes the inputs of a batch.
    """
    sizes = [24, 20, 5]
    x = draw_rows(rng, sizes=sizes)
    actual = probe("mlp_rows", sizes=sizes, xs=[x, x[:3], x.flip(0)])
    assert_matches(actual, {"scores": [Spec((12, 5)), Spec((3, 5)), Spec((12, 5))]})
    assert_varied(actual, "scores")
    whole, few, flipped = actual["scores"]
    worst = max((whole[:3] - few).abs().max(), (whole - flipped.flip(0)).abs().max())
    assert worst <= 1e-4 * (1 + whole.abs().max()), (
        f"The scores of an input change by up to {worst:.3g} with the other inputs of the batch; expected no change in "
        "evaluation mode."
    )


@pytest.mark.graded(
    task="mlp", weight=1, grounds="practical 1, line 128: input_size=3072, num_classes=10, hidden_sizes=[256, 128]"
)
def test_mlp_defaults(probe, expected):
    """MLP() has the sizes 3072, 256, 128 and 10, each time, and leaves hidden_sizes as it was

    A list that is a default belongs to all calls: what one of them appends, the next one finds.
    """
    actual = probe("mlp_defaults", hidden_sizes=[9, 7])
    assert_kinds(actual, {"first": [[int]], "second": [[int]], "list afterwards": [int]})
    sizes = [[256, 3072], [128, 256], [10, 128]]
    right = {"first": sizes, "second": sizes, "list afterwards": [9, 7]}
    recorded = expected("mlp_defaults", lambda: right, hidden_sizes=[9, 7])
    for name in ("first", "second"):
        wanted = text_of(recorded.values[name])
        found = text_of(actual[name])
        assert found == wanted, f"The {name} MLP() has linear layers of the sizes {found}; expected {wanted}."
    assert actual["list afterwards"] == recorded.values["list afterwards"], (
        f"The list given as hidden_sizes=[9, 7] is {actual['list afterwards']} afterwards; expected no change. Make a "
        "list of your own: `sizes = [input_size, *hidden_sizes, num_classes]`."
    )
