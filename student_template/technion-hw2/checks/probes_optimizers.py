"""Probes of the optimizers: parameters after each of several steps.

The checks in test_optimizers*.py judge them.
"""

import torch
from probes import copy_of

from grader.probes import probe


@probe(needs=["hw2.optimizers"])
def vanilla_sgd(*, params, gradients, learn_rate, reg):
    from hw2.optimizers import VanillaSGD

    return _steps(VanillaSGD, params, gradients, learn_rate=learn_rate, reg=reg)


@probe(needs=["hw2.optimizers"])
def vanilla_sgd_zero_grad(*, params, gradients, learn_rate, reg):
    """Step, clear the gradients, step again."""
    from hw2.optimizers import VanillaSGD

    pairs = [(p.clone(), dp.clone()) for p, dp in zip(params, gradients, strict=True)]
    optimizer = VanillaSGD(list(pairs), learn_rate=learn_rate, reg=reg)
    optimizer.step()
    optimizer.zero_grad()
    outputs = {f"dp{i} after zero_grad": copy_of(dp) for i, (_, dp) in enumerate(pairs, start=1)}
    optimizer.step()
    return outputs | {f"p{i} after step 2": copy_of(p) for i, (p, _) in enumerate(pairs, start=1)}


@probe(needs=["hw2.optimizers"])
def momentum_sgd(*, params, gradients, learn_rate, reg, momentum):
    from hw2.optimizers import MomentumSGD

    return _steps(MomentumSGD, params, gradients, learn_rate=learn_rate, reg=reg, momentum=momentum)


@probe(needs=["hw2.optimizers"])
def rmsprop(*, params, gradients, learn_rate, reg, decay, eps):
    from hw2.optimizers import RMSProp

    return _steps(RMSProp, params, gradients, learn_rate=learn_rate, reg=reg, decay=decay, eps=eps)


@probe(needs=["hw2.optimizers"])
def vanilla_sgd_torch_parameters(*, params, gradients, learn_rate, reg):
    """Step on plain torch parameters, whose gradients sit in `.grad`."""
    from hw2.optimizers import VanillaSGD

    return _torch_steps(VanillaSGD, params, gradients, learn_rate=learn_rate, reg=reg)


@probe(needs=["hw2.optimizers"])
def momentum_sgd_torch_parameters(*, params, gradients, learn_rate, reg, momentum):
    """Step on plain torch parameters, whose gradients sit in `.grad`."""
    from hw2.optimizers import MomentumSGD

    return _torch_steps(MomentumSGD, params, gradients, learn_rate=learn_rate, reg=reg, momentum=momentum)


@probe(needs=["hw2.optimizers"])
def rmsprop_torch_parameters(*, params, gradients, learn_rate, reg, decay, eps):
    """Step on plain torch parameters, whose gradients sit in `.grad`."""
    from hw2.optimizers import RMSProp

    return _torch_steps(RMSProp, params, gradients, learn_rate=learn_rate, reg=reg, decay=decay, eps=eps)


def _torch_steps(optimizer_class, params, gradients, **options):
    """Run one step for each entry of `gradients`, as `_steps` does; the gradients are there from the beginning."""
    parameters = [torch.nn.Parameter(p.clone()) for p in params]
    for parameter, gradient in zip(parameters, gradients[0], strict=True):
        parameter.grad = gradient.clone()
    optimizer = optimizer_class(parameters, **options)
    outputs = {}
    for step, step_gradients in enumerate(gradients, start=1):
        for parameter, gradient in zip(parameters, step_gradients, strict=True):
            parameter.grad.copy_(gradient)
        optimizer.step()
        for i, parameter in enumerate(parameters, start=1):
            outputs[f"p{i} after step {step}"] = copy_of(parameter)
    return outputs


def _steps(optimizer_class, params, gradients, **options):
    """Run one step for each entry of `gradients`, a list over steps of lists over parameters."""
    params = [p.clone() for p in params]
    pairs = [(p, torch.zeros_like(p)) for p in params]
    optimizer = optimizer_class(list(pairs), **options)
    outputs = {}
    for step, step_gradients in enumerate(gradients, start=1):
        for (_, dp), gradient in zip(pairs, step_gradients, strict=True):
            dp.copy_(gradient)
        optimizer.step()
        for i, p in enumerate(params, start=1):
            name = "p" if len(params) == 1 else f"p{i}"
            outputs[f"{name} after step {step}"] = copy_of(p)
    return outputs
