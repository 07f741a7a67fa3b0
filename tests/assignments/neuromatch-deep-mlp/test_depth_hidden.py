"""Hidden checks of run_depth_optimizer: other sizes, exact hits, parameters that are not trained."""

import pytest
from test_depth import check_networks


@pytest.mark.graded(
    task="depth", weight=2, after="test_depth_widths", grounds="tutorial 2, lines 620 and 626: sizes from X_train and K"
)
def test_depth_other_sizes(probe, expected):
    """run_depth_optimizer takes the number of features from X_train and the number of classes from K"""
    options = {"max_par_count": 400, "max_hidden_layer": 3, "features": 7, "classes": 3}
    check_networks(probe, expected, some=True, **options)


@pytest.mark.graded(
    task="depth",
    weight=1,
    after="test_depth_widths",
    grounds="tutorial 2, line 624: as long as there are fewer than max_par_count",
)
def test_depth_exact_hit(probe, expected):
    """A network with exactly max_par_count parameters is large enough"""
    options = {"max_par_count": 109, "max_hidden_layer": 2, "features": 2, "classes": 4}
    check_networks(probe, expected, some=True, **options)


@pytest.mark.graded(
    task="depth", weight=1, after="test_depth_widths", grounds="tutorial 2, lines 616 and 617: hidden units begin at 1"
)
def test_depth_begins_with_one_unit(probe, expected):
    """Width 1 is tried, too"""
    options = {"max_par_count": 4, "max_hidden_layer": 2, "features": 2, "classes": 4}
    check_networks(probe, expected, some=True, **options)


@pytest.mark.graded(
    task="depth",
    weight=1,
    after="test_depth_widths",
    grounds="tutorial 2, lines 561 and 605: only what requires a gradient counts",
)
def test_depth_counts_trainable_parameters(probe, expected):
    """Only parameters that are trained count

    Here each network holds 40 numbers more, whose requires_grad is False.
    """
    options = {"max_par_count": 100, "max_hidden_layer": 3, "features": 2, "classes": 4}
    check_networks(probe, expected, some=True, **options, frozen=40)
