"""Probes of the exercises: turned pictures, dropout, other numbers of neurons.

The names are those of the course's template. A notebook that was written from the original document has its own, so
what bears none of them is found by what it does.
"""

import contextlib
import inspect

import torch
from probes import copied, definitions_of, described, linear_layers, put_parameters, scores_in, shown, transform_of
from probes_epochs import models_that_train
from torch import nn

from grader.notebook_probes import values_of
from grader.probes import probe

# ---------------------------------------------------------------- turned pictures


@probe(needs=["notebook"])
def turned(*, picture, times):
    """Send a picture (28, 28) of uint8 through the transform of the turned test data, again and again."""
    part = rotated_data()
    outputs = {"is the training part": bool(getattr(part, "train", False)), "pictures": None}
    if transform_of(part) is not None:
        outputs["pictures"] = stacked([shown(picture, transform_of(part)) for _ in range(times)])
    return outputs


@probe(needs=["notebook"])
def straight(*, picture, times):
    """Send a picture through the transform of the plain test data."""
    from notebook import test_data

    return {"pictures": stacked([shown(picture, transform_of(test_data)) for _ in range(times)])}


def stacked(pictures):
    """Return pictures of one shape as one tensor; of others, the first one as it is."""
    are_tensors = all(isinstance(one, torch.Tensor) for one in pictures)
    same_shape = are_tensors and len({one.shape for one in pictures}) == 1
    return torch.stack(pictures) if same_shape else pictures[0]


def rotated_data():
    """Return the turned test data: by its name, else the data set, or the one of a loader, named after rotation."""
    values = values_of("notebook")
    for name, thing in values.items():
        thing = getattr(thing, "dataset", thing)
        if "rotated_test_data" not in values and "rot" in name.lower() and hasattr(thing, "transform"):
            return thing
    from notebook import rotated_test_data

    return rotated_test_data


# ---------------------------------------------------------------- dropout


@probe(needs=["notebook"])
def dropout(*, images, weights, biases, switch=False):
    """Return scores in evaluation mode, and what each linear layer gets in training mode, with given parameters.

    With `switch` the evaluation comes after the training pass, else before.
    """
    model = dropout_model()
    outputs = {} if switch else described(model, images=images, weights=weights, biases=biases)
    model.eval()
    layers = linear_layers(model, images)
    put_parameters(layers, weights, biases)
    model.train()
    inputs = []
    hooks = [layer.register_forward_pre_hook(lambda _layer, given: inputs.append(given[0])) for layer in layers]
    with torch.no_grad():
        scores = scores_in(model(images.clone()))
    for hook in hooks:
        hook.remove()
    outputs |= {
        "training scores": copied(scores),
        "inputs": [copied(one.flatten(1) if one.ndim > 1 else one) for one in inputs],
    }
    evaluated = described(model, images=images)
    outputs["scores of a second pass"] = evaluated["scores"]
    return outputs | evaluated if switch else outputs


def dropout_model():
    """Return an MLPDropout; of a notebook without one, a model whose scores differ from pass to pass."""
    import notebook

    if "MLPDropout" not in values_of("notebook"):
        for model in candidates(notebook):
            if is_random(model):
                return model
    from notebook import MLPDropout

    return MLPDropout(784, 10)


def is_random(model):
    """Tell whether two passes in training mode give other scores; a transform of pictures has no scores."""
    images = torch.ones(4, 1, 28, 28)
    with contextlib.suppress(Exception), torch.no_grad():
        model.train()
        scores = scores_in(model(images))
        return scores.shape == (4, 10) and not torch.equal(scores, scores_in(model(images)))
    return False


def candidates(notebook):
    """Yield the notebook's models: made of its classes, those it holds, and those it would train.

    A class that is defined several times counts each time: exercises are often done by changing it.
    """
    for name, thing in list(values_of("notebook").items()):
        if inspect.isclass(thing) and issubclass(thing, nn.Module) and thing.__module__ == notebook.__name__:
            for cls in definitions_of(name):
                with contextlib.suppress(Exception):
                    yield cls(784, 10)
        elif isinstance(thing, nn.Module):
            yield thing
    yield from models_that_train(notebook, "notebook")


# ---------------------------------------------------------------- numbers of neurons


@probe(needs=["notebook"])
def sized(*, images, hidden_dim):
    """Return the layers, their parameters and the scores of a network with this many neurons in a hidden layer."""
    model = sized_model(hidden_dim)
    outputs = described(model, images=images)
    layers = linear_layers(model, images)
    outputs["weights"] = [copied(layer.weight) for layer in layers]
    outputs["biases"] = [
        copied(layer.bias) if layer.bias is not None else torch.zeros(layer.out_features) for layer in layers
    ]
    return outputs


def sized_model(hidden_dim):
    """Return an MLPHidden; of a notebook without one, a model that has a hidden layer of this width."""
    import notebook

    if "MLPHidden" not in values_of("notebook"):
        for model in candidates(notebook):
            if hidden_dim in hidden_widths(model):
                return model
    from notebook import MLPHidden

    return MLPHidden(784, hidden_dim, 10)


def hidden_widths(model):
    """Return the widths of the hidden layers of a model that makes 10 scores of 784 pixels, else none."""
    with contextlib.suppress(Exception):
        layers = linear_layers(model.eval(), torch.zeros(2, 1, 28, 28))
        if layers[0].in_features == 784 and layers[-1].out_features == 10:
            return [layer.out_features for layer in layers[:-1]]
    return []
