"""Hidden check of the wide linear classifier: other points, another degree."""

import pytest
from test_poly_training import LIMIT, check_wide


@pytest.mark.graded(task="poly-training", grounds="tutorial 2, lines 691 and 756 to 763: the degree is an argument")
def test_wide_classifier_of_degree_30(probe, dataset):
    """Features up to degree 30 do nearly as well"""
    check_wide(probe, dataset("spirals", limit=LIMIT, seed=1), degree=30, seeds=(2021, 7, 8))
