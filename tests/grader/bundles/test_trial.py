"""Tests of grader.bundles.trial: the reference is really graded, and what it takes is measured."""

import pytest

from grader.bundles.trial import measure_reference
from grader.errors import BundleError


def test_the_reference_is_measured(mini):
    """Time, processor time and memory of grading are numbers of this machine, and data of its own is not used."""
    trial = measure_reference(mini, tasks=("linear",), data=())
    assert (trial.result.points, trial.result.max_points) == (6.0, 6.0)
    assert trial.cpu_s > 0.5
    assert 1 < trial.seconds < 120
    assert 150 < trial.memory_mib < 3000


def test_a_reference_that_cannot_be_graded(make_course, read_tiny, tmp_path):
    """Where grading fails as a whole, its words are told."""
    graded = "@pytest.mark.graded(task='double')\ndef test_a(probe):\n    pass\n"
    checks = f"import nothing_of_this_name\nimport pytest\n\n\n{graded}"
    tiny = read_tiny(make_course(tmp_path / "course", checks=checks))
    with pytest.raises(BundleError) as caught:
        measure_reference(tiny, tasks=(), data=())
    assert "nothing_of_this_name" in caught.value.message
    assert caught.value.remedy == "`grader audit tiny` says more."


def test_data_that_is_not_here(mini):
    """A data set that can't be tried is refused: with how to fetch it, or that it never is."""
    with pytest.raises(BundleError, match=r"cifar10 is not on this machine.*`grader data cifar10 --download`"):
        measure_reference(mini, tasks=(), data=("cifar10",))
    with pytest.raises(BundleError, match="only cifar10 and fashion-mnist are fetched"):
        measure_reference(mini, tasks=(), data=("digits",))
