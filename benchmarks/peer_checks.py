"""The arithmetic of the mini course's six checks, for graders that judge inside the student's process.

`peer_notebook.py` puts the text of these functions into the test files of other graders, so each stands alone: it knows
torch, and gets the student's class.
"""

import torch


def leaky_relu_forward(LeakyReLU: type) -> None:
    """LeakyReLU.forward keeps positive elements and scales the others"""
    x = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    actual, expected = LeakyReLU(0.2).forward(x), torch.where(x > 0, x, 0.2 * x)
    assert actual.shape == expected.shape
    assert torch.allclose(actual, expected, atol=1e-6)


def leaky_relu_backward(LeakyReLU: type) -> None:
    """LeakyReLU.backward passes the gradient on with the slope of each side"""
    rng = torch.Generator().manual_seed(2)
    x, dout = torch.randn(6, 5, generator=rng), torch.randn(6, 5, generator=rng)
    layer = LeakyReLU(0.2)
    layer.forward(x)
    actual, expected = layer.backward(dout), torch.where(x > 0, dout, 0.2 * dout)
    assert actual.shape == expected.shape
    assert torch.allclose(actual, expected, atol=1e-6)


def linear_forward(Linear: type) -> None:
    """Linear.forward computes x @ w.T + b"""
    rng = torch.Generator().manual_seed(3)
    x, w, b = torch.randn(7, 5, generator=rng), torch.randn(3, 5, generator=rng), torch.randn(3, generator=rng)
    actual, expected = Linear(w, b).forward(x), x @ w.T + b
    assert actual.shape == expected.shape
    assert torch.allclose(actual, expected, atol=1e-5)


def linear_backward(Linear: type) -> None:
    """Linear.backward returns the gradients of x, w and b"""
    rng = torch.Generator().manual_seed(4)
    x, w, b = torch.randn(7, 5, generator=rng), torch.randn(3, 5, generator=rng), torch.randn(3, generator=rng)
    dout = torch.randn(7, 3, generator=rng)
    layer = Linear(w, b)
    layer.forward(x)
    wanted = (dout @ w, dout.T @ x, dout.sum(0))
    for actual, expected in zip(layer.backward(dout), wanted, strict=True):
        assert actual.shape == expected.shape
        assert torch.allclose(actual, expected, atol=1e-5)


def momentum_sgd_first_step(MomentumSGD: type) -> None:
    """MomentumSGD.step moves the parameter against its gradient, in place"""
    rng = torch.Generator().manual_seed(5)
    start, gradient = torch.randn(4, 3, generator=rng), torch.randn(4, 3, generator=rng)
    p = start.clone()
    MomentumSGD(p, 0.3, 0.7).step(gradient)
    assert torch.allclose(p, start - 0.3 * gradient, atol=1e-6)


def momentum_sgd_four_steps(MomentumSGD: type) -> None:
    """MomentumSGD remembers earlier gradients in its velocity"""
    rng = torch.Generator().manual_seed(6)
    p = torch.randn(4, 3, generator=rng)
    expected, velocity = p.clone(), torch.zeros(4, 3)
    optimizer = MomentumSGD(p, 0.3, 0.7)
    for _ in range(4):
        gradient = torch.randn(4, 3, generator=rng)
        optimizer.step(gradient)
        velocity = 0.7 * velocity - 0.3 * gradient
        expected = expected + velocity
        assert torch.allclose(p, expected, atol=1e-5)
