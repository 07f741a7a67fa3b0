"""Hidden checks of get_data_loaders: the seed, the order of the transforms, other batch sizes."""

import pytest
import torch
from test_loaders import SIZE, check_test_images, draw_images, draw_inputs, normalized, on_scale, training_images

from grader.compare import Spec, assert_kinds, assert_matches


@pytest.mark.graded(
    task="loaders",
    weight=2,
    after="test_loaders_shuffle",
    strict=True,
    grounds="tutorial 2, lines 831 and 866 to 873: a generator with the seed given",
)
def test_loaders_seed(probe):
    """The seed decides the order of the training images, whatever random numbers were drawn before

    Give the training loader a torch.Generator with that seed.
    """
    images, labels = draw_images(30)
    actual = probe("loader_orders", images=images, labels=labels, batch_size=5, seeds=[11, 11, 12])
    assert_matches(actual, {"orders": [Spec((30, 3))] * 3})
    first, again, other = actual["orders"]
    assert torch.equal(first, again), "Two calls with the same seed give the training images in different orders."
    assert not torch.equal(first, other), "Calls with the seeds 11 and 12 give the same order: use the seed."


# A corner that a rotation uncovers is filled with a byte, and no byte becomes 0 when it is normalized. Rotated after
# the normalization, it is filled with 0, a grey. Rotating a tensor before the normalization is as right as rotating
# the image.
@pytest.mark.graded(
    task="loaders",
    weight=2,
    after="test_loaders_augment",
    strict=True,
    grounds="tutorial 2, lines 849 and 856: preprocessing comes after augmentation",
)
def test_loaders_order_of_transforms(probe):
    """Images are normalized after the augmentation

    Else the corners that a rotation uncovers become grey.
    """
    images = training_images(probe("loaders", **draw_inputs(train=24, test=9, batch_size=8, seed=4, epochs=4)))
    corners = torch.cat([images[:, :, row, column].flatten() for row in (0, -1) for column in (0, -1)])
    grey = (corners.abs() < 1e-3).float().mean().item()
    assert grey == 0, (
        f"{100 * grey:.0f} % of the training images' corners are exactly 0, the grey between -1 and 1: they are "
        "rotated after they were normalized. Augment first, preprocess then."
    )


@pytest.mark.graded(
    task="loaders",
    weight=1,
    after="test_loaders_preprocess",
    grounds="tutorial 2, lines 829 and 863: any batch size and any number of images",
)
def test_loaders_other_sizes(probe, expected):
    """The loaders work for other numbers of images, too"""
    inputs = draw_inputs(train=15, test=7, batch_size=5, seed=5)
    actual = probe("loaders", **inputs)
    assert_kinds(actual, {"first training batch": int})
    assert actual["first training batch"] == 5, "The first training batch has another size than batch_size=5."
    assert_matches(actual, {"test images": Spec((7, 3, SIZE, SIZE))})
    images = on_scale(actual["test images"])
    if images is actual["test images"]:
        check_test_images(actual, expected, inputs)
        return
    wanted = normalized(inputs["test_images"][inputs["test_labels"].argsort(stable=True)])
    assert_matches({"test images": images}, {"test images": wanted})
