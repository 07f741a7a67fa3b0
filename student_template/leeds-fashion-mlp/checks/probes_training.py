"""Probes that train on real pictures: labels of the test pictures never come in, scores go out."""

import torch
from probes import copied, original_mlp, scores_in, shown, transform_of
from probes_exercises import dropout_model, rotated_data, sized_model
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe

MEAN, STD = 0.2860, 0.3530  # of Fashion-MNIST's pixels, and of the stand-in's


@probe(needs=["notebook", "notebook_mlp", "notebook_evaluate"])
def clothes(*, train_x, train_y, valid_x, valid_y, test_x, epochs, seed, kind="MLP", turned=False):
    """Train a model of the notebook with its `train`; return the scores of the test pictures, before and afterwards.

    `kind` is "MLP", "MLPDropout" or a number of neurons. With `turned` also those of the pictures that the notebook's
    transform has turned.
    """
    from notebook_evaluate import train

    torch.manual_seed(seed)
    model = new_model(kind)
    outputs = {"scores before training": scores_of(model, (test_x - MEAN) / STD)}
    torch.manual_seed(seed)
    data = TensorDataset((train_x - MEAN) / STD, train_y.clone())
    loader = DataLoader(data, batch_size=64, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(epochs):
        train(model, loader, optimizer, nn.CrossEntropyLoss(), torch.device("cpu"))
    outputs["scores"] = scores_of(model, (test_x - MEAN) / STD)
    if turned:
        transform = transform_of(rotated_data())
        pictures = (255 * test_x).round().to(torch.uint8).squeeze(1)
        outputs["scores of turned pictures"] = scores_of(
            model, torch.stack([shown(picture, transform) for picture in pictures])
        )
    return outputs


def new_model(kind):
    """Return a model whose parameters are drawn now."""
    if kind == "MLP":
        return original_mlp()(784, 10)
    model = dropout_model() if kind == "MLPDropout" else sized_model(kind)
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    return model


def scores_of(model, images):
    model.eval()
    with torch.no_grad():
        return copied(scores_in(model(images.clone())))
