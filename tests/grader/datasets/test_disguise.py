"""Tests of what makes public images differ from every copy of them."""

import torch

from grader.datasets.disguise import disguise_images, rename_classes
from grader.datasets.load import load_dataset


def test_no_image_stays_as_it_is():
    """Every image changes, by little: its pixels stay in [0, 1] and near to what they were."""
    images = load_dataset("digits", test_seed=1).train_x
    changed = disguise_images(images, seed=7)
    apart = (changed - images).abs().flatten(1)
    assert apart.amax(dim=1).min() > 0.01
    assert apart.mean(dim=1).max() < 0.15
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_a_seed_disguises_in_one_way():
    """The same seed gives the same images, another seed others; a large seed is one, too."""
    images = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    assert torch.equal(disguise_images(images, seed=3), disguise_images(images, seed=3))
    assert not torch.equal(disguise_images(images, seed=3), disguise_images(images, seed=4))
    assert disguise_images(images, seed=2**127 + 1).shape == images.shape


def test_no_images_stay_none():
    """A part without rows stays without."""
    assert disguise_images(torch.zeros(0, 1, 8, 8), seed=1).shape == (0, 1, 8, 8)


def test_every_class_gets_one_number():
    """Renaming is one order of all classes, and not the same one for all seeds."""
    orders = [rename_classes(10, seed=seed).tolist() for seed in range(5)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len({tuple(order) for order in orders}) == 5


def test_renamed_labels_keep_their_names():
    """In a renamed data set each row has the class name that it had before, in all three parts."""
    plain, renamed = (load_dataset("digits", test_seed=9, renamed=flag) for flag in (False, True))
    assert plain.classes != renamed.classes
    for part in ("train_y", "valid_y", "test_y"):
        before, after = ([one.classes[y] for y in getattr(one, part).tolist()] for one in (plain, renamed))
        assert before == after


def test_a_disguised_data_set_has_the_rows_of_the_plain_one():
    """Disguise changes pixels of images and neither labels nor points that are drawn."""
    plain, disguised = (load_dataset("digits", test_seed=9, disguised=flag) for flag in (False, True))
    assert torch.equal(plain.test_y, disguised.test_y)
    assert not torch.equal(plain.test_x, disguised.test_x)
    assert not torch.equal(plain.train_x, disguised.train_x)
    points = [load_dataset("moons", test_seed=9, disguised=flag).test_x for flag in (False, True)]
    assert torch.equal(*points)


def test_looking_rows_up_fails_where_learning_does_not():
    """Labels that are looked up in a public copy are worth no more than guessing once the classes are renamed."""
    public, data = (load_dataset("digits", test_seed=3, disguised=flag, renamed=flag) for flag in (False, True))
    images = torch.cat([public.train_x, public.valid_x, public.test_x]).flatten(1)
    labels = torch.cat([public.train_y, public.valid_y, public.test_y])
    found = labels[torch.cdist(data.test_x.flatten(1), images).argmin(dim=1)]
    assert (found == data.test_y).float().mean() < 0.5
