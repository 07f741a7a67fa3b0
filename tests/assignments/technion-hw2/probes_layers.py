"""Probes of single layers: their outputs, their gradients, what they draw.

The checks in test_layers*.py and test_dropout*.py judge them.
"""

from probes import copy_of, forward_backward, gradients_of, linears_of, only, pairs_of, refill, with_flat_biases

from grader.probes import probe


@probe(needs=["hw2.layers"])
def leaky_relu(*, x, alpha, dout=None, before=None):
    from hw2.layers import LeakyReLU

    return forward_backward(LeakyReLU(alpha=alpha), x=x, dout=dout, before=before)


@probe(needs=["hw2.layers"])
def relu(*, x, dout=None, before=None):
    from hw2.layers import ReLU

    return forward_backward(ReLU(), x=x, dout=dout, before=before)


@probe(needs=["hw2.layers"])
def sigmoid(*, x, dout=None, before=None):
    from hw2.layers import Sigmoid

    return forward_backward(Sigmoid(), x=x, dout=dout, before=before)


@probe(needs=["hw2.layers"])
def tanh(*, x, dout=None, before=None):
    from hw2.layers import TanH

    return forward_backward(TanH(), x=x, dout=dout, before=before)


@probe(needs=["hw2.layers"])
def linear(*, x, in_features, out_features, dout=None, before=None):
    """Return z, w and b; with `dout` the gradients; `before` is a batch that goes forward and back first.

    The bias comes back as a vector, and its own shape beside it.
    """
    from hw2.layers import Linear

    layer = Linear(in_features, out_features)
    refill([layer])
    outputs = {"w": copy_of(layer.w), "b": copy_of(layer.b)}
    outputs |= forward_backward(layer, x=x, dout=dout, before=before)
    if dout is not None:
        outputs |= gradients_of(layer, w=layer.w, b=layer.b)
    return with_flat_biases(outputs) | {"shape of b": list(getattr(layer.b, "shape", ()))}


@probe(needs=["hw2.layers"])
def linear_gradients_of_two_batches(*, xs, douts, out_features):
    """Run batches forward and back, one after the other, and clear no gradients between them."""
    from hw2.layers import Linear

    layer = Linear(xs[0].shape[1], out_features)
    for x, dout in zip(xs, douts, strict=True):
        layer(x.clone())
        layer.backward(dout.clone())
    outputs = {"w": copy_of(layer.w), "b": copy_of(layer.b)}
    return with_flat_biases(outputs | gradients_of(layer, w=layer.w, b=layer.b))


@probe(needs=["hw2.layers"])
def linear_early_pairs(*, x, dout, out_features):
    """Return the gradients after a batch: from params() as it is then, and from the pairs that it gave before."""
    from hw2.layers import Linear

    layer = Linear(x.shape[1], out_features)
    early = pairs_of(layer)
    layer(x.clone())
    layer.backward(dout.clone())
    outputs = gradients_of(layer, w=layer.w, b=layer.b)
    for name, parameter in (("w", layer.w), ("b", layer.b)):
        gradients = [gradient for one, gradient in early if one.data_ptr() == parameter.data_ptr()]
        outputs |= {f"early grad of {name}": copy_of(gradient) for gradient in gradients}
    return outputs


@probe(needs=["hw2.layers"])
def drawn_weights(*, in_features, out_features, hidden_features, wstd):
    """Return the weights that a Linear layer and the layers of an MLP draw when they are made."""
    from hw2.layers import MLP, Linear

    if hidden_features is None:
        return {"w": copy_of(Linear(in_features, out_features, wstd=wstd).w)}
    model = MLP(in_features, out_features, hidden_features=hidden_features, wstd=wstd)
    return {f"w{i}": copy_of(layer.w) for i, layer in enumerate(linears_of(model), start=1)}


@probe(needs=["hw2.layers"])
def cross_entropy(*, scores, labels, backward=False, before=None, dout=None):
    """Return the loss; with `backward` the gradient, times `dout`; `before` are earlier scores for the same labels."""
    from hw2.layers import CrossEntropyLoss

    loss_fn = CrossEntropyLoss()
    if before is not None:
        loss_fn(before.clone(), labels.clone())
        loss_fn.backward()
    outputs = {"loss": copy_of(loss_fn(scores.clone(), labels.clone()))}
    if backward:
        douts = () if dout is None else (dout.clone(),)
        outputs["grad of scores"] = copy_of(only(loss_fn.backward(*douts)))
    return outputs


@probe(needs=["hw2.layers"])
def dropout(*, x, p, training, dout=None, before=None):
    """Return z of one pass in the given mode; `before` goes forward in training mode first."""
    from hw2.layers import Dropout

    layer = Dropout(p=p)
    layer.train(True)
    outputs = {}
    if before is not None:
        outputs["earlier z"] = copy_of(layer(before.clone()))
    layer.train(training)
    return outputs | forward_backward(layer, x=x, dout=dout, before=None)
