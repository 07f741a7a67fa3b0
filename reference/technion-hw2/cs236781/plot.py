"""Figures for the notebooks: the curves of a fit, and tensors shown as images.

matplotlib is imported when a figure is drawn, so that code without figures runs without it.
"""

import itertools
import math


def plot_fit(fit_res, fig=None, log_loss=False, legend=None, train_test_overlay=False):
    """Draw the losses and accuracies of a FitResult and return (fig, axes).

    Pass the `fig` of an earlier call to draw into it, with a `legend` that tells the runs apart.
    `train_test_overlay` shows train and test in one plot each instead of side by side.
    """
    import matplotlib.pyplot as plt

    columns = 1 if train_test_overlay else 2
    if fig is None:
        fig, axes = plt.subplots(2, columns, figsize=(8 * columns, 10), sharex="col", squeeze=False)
    else:
        axes = _grid(fig.axes, columns=columns)

    for (row, quantity), (column, part) in itertools.product(
        enumerate(("loss", "acc")), enumerate(("train", "test"))
    ):
        axis = axes[row][0 if train_test_overlay else column]
        values = getattr(fit_res, f"{part}_{quantity}")
        label = " ".join(word for word in (part if train_test_overlay else None, legend) if word)
        axis.plot(range(1, len(values) + 1), values, label=label or None)
        axis.set_title(quantity if train_test_overlay else f"{part}_{quantity}")
        axis.set_ylabel("Loss" if quantity == "loss" else "Accuracy (%)")
        axis.set_xlabel("Epoch")
        axis.grid(True)
        if quantity == "loss" and log_loss:
            axis.set_yscale("log")
            axis.set_ylabel("Loss (log)")
        if label:
            axis.legend()
    return fig, axes


def tensors_as_images(tensors, nrows=1, figsize=(8, 8), titles=None, cmap=None):
    """Show tensors of shape (C, H, W) or (H, W) in a grid of `nrows` rows and return (fig, axes)."""
    import matplotlib.pyplot as plt

    columns = math.ceil(len(tensors) / nrows)
    fig, axes = plt.subplots(nrows, columns, figsize=figsize, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for i, (axis, tensor) in enumerate(zip(axes.flat, tensors)):
        image = tensor.detach().cpu().squeeze()
        axis.imshow(image.permute(1, 2, 0) if image.dim() == 3 else image, cmap=cmap)
        if titles is not None:
            axis.set_title(titles[i])
    return fig, axes


def _grid(axes, columns):
    return [axes[start : start + columns] for start in range(0, len(axes), columns)]
