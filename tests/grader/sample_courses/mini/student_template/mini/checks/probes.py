"""Probes of `student.py`: each builds one of the student's objects and returns what comes out of it.

The checks in test_mini.py judge it.
"""

from grader.probes import probe

STUDENT = ["student"]


@probe(needs=STUDENT)
def leaky_relu(*, x, alpha):
    from student import LeakyReLU

    return {"z": LeakyReLU(alpha).forward(x)}


@probe(needs=STUDENT)
def leaky_relu_backward(*, x, alpha, dout):
    from student import LeakyReLU

    layer = LeakyReLU(alpha)
    layer.forward(x)
    return {"dx": layer.backward(dout)}


@probe(needs=STUDENT)
def linear(*, x, w, b):
    from student import Linear

    return {"z": Linear(w, b).forward(x)}


@probe(needs=STUDENT)
def linear_backward(*, x, w, b, dout):
    from student import Linear

    layer = Linear(w, b)
    layer.forward(x)
    dx, dw, db = layer.backward(dout)
    return {"dx": dx, "dw": dw, "db": db}


@probe(needs=STUDENT)
def momentum_sgd(*, p, gradients, learn_rate, momentum):
    from student import MomentumSGD

    optimizer = MomentumSGD(p, learn_rate, momentum)
    outputs = {}
    for number, gradient in enumerate(gradients, start=1):
        optimizer.step(gradient)
        outputs[f"p after step {number}"] = p.clone()
    return outputs
