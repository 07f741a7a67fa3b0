"""Images that take CIFAR-10's place, and arguments of small experiments.

test_experiments.py and test_experiments_hidden.py import it.
"""

import torch


def draw_images(*, rng, train, test):
    """Draw images (N, 3, 32, 32) of uint8 whose colour depends on the label, with noise, and their labels."""
    colours = torch.randint(40, 216, (10, 3, 1, 1), generator=rng)
    images = {}
    for part, n in (("train", train), ("test", test)):
        labels = torch.randint(0, 10, (n,), generator=rng)
        noise = torch.randint(-40, 40, (n, 3, 32, 32), generator=rng)
        images |= {f"{part}_images": (colours[labels] + noise).to(torch.uint8), f"{part}_labels": labels}
    return images


def tiny(**others):
    """Return arguments of a small experiment: 2 epochs of 2 batches of 20."""
    sizes = {"filters_per_layer": [6, 10], "layers_per_block": 2, "pool_every": 2, "hidden_dims": [12]}
    budget = {"bs_train": 20, "bs_test": 10, "batches": 2, "epochs": 2, "early_stopping": 5, "lr": 0.001, "reg": 0.0}
    return {"run_name": "tiny", "seed": 42, "device": "cpu", "model_type": "cnn"} | sizes | budget | others


def refuse_other_files(actual, *, name):
    """Fail unless a file of this name was written, wherever its folder is."""
    files = actual["files"] if isinstance(actual["files"], list) else []
    written = ", ".join(f"`{file}`" for file in files) or "none"
    assert name in files, f"The experiment wrote these files: {written}; expected `{name}`."
