"""Public checks of PreActResNetBlock.

Free is what the document leaves open: biases of convolutions, the names and the order of layers, modules or functions,
which of the two convolutions of the main path has the stride, and whether the 1×1 convolution sees the block's input
or what a norm and a ReLU make of it, or has a norm behind it. The size of the two kernels is that of ResNets, 3×3.
One check asks for the main path; where that is another one, the others take it as it is.
"""

import pytest
import torch
import torch.nn.functional as F

from grader.compare import Context, Spec, assert_matches, assert_varied, measured

# What may stand on the other path of a block that subsamples, {a}→{b} channels; the first is what the document names.
SHORTCUTS = (
    "conv({a}→{b}, 1×1, stride 2)",
    "norm({a}), relu, conv({a}→{b}, 1×1, stride 2)",
    "norm({a}), conv({a}→{b}, 1×1, stride 2)",
    "main path's norm({a}), relu, conv({a}→{b}, 1×1, stride 2)",
    "main path's norm({a}), conv({a}→{b}, 1×1, stride 2)",
    "relu, conv({a}→{b}, 1×1, stride 2)",
    "conv({a}→{b}, 1×1, stride 2), norm({b})",
)


def main_paths(a, b, *, subsample):
    """Return the accepted main paths; the first is the usual one."""
    strides = [(", stride 2", ""), ("", ", stride 2")] if subsample else [("", "")]
    return [f"norm({a}), relu, conv({a}→{b}, 3×3{s}), norm({b}), relu, conv({b}→{b}, 3×3{t})" for s, t in strides]


def assert_one_of(actual, name, accepted):
    """Ask for one of several texts, and tell the first one."""
    found = actual.get(name)
    wanted = found if found in accepted else accepted[0]
    assert_matches(actual, {name: wanted})


def draw_block(rng, a, b, *, subsample=False):
    """Draw the weights of a block: both norms, both convolutions, and the shortcut with a norm that it may have."""
    weights = {}
    for name, width in {"norm 1": a, "norm 2": b, **({"shortcut norm 1": a} if subsample else {})}.items():
        weights[f"{name}.weight"] = 0.5 + torch.rand(width, generator=rng)
        weights[f"{name}.bias"] = 0.5 * torch.randn(width, generator=rng)
        weights[f"{name}.running_mean"] = 0.5 * torch.randn(width, generator=rng)
        weights[f"{name}.running_var"] = 0.5 + torch.rand(width, generator=rng)
    weights["conv 1.weight"] = torch.randn(b, a, 3, 3, generator=rng) / (3 * a**0.5)
    weights["conv 2.weight"] = torch.randn(b, b, 3, 3, generator=rng) / (3 * b**0.5)
    if subsample:
        weights["shortcut conv 1.weight"] = torch.randn(b, a, 1, 1, generator=rng) / a**0.5
    return weights


def without_unused(weights, shortcut):
    """Leave out the shortcut's norm where there is none, and give it as many channels as there are."""
    if shortcut.startswith("norm"):
        return weights
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("shortcut norm")}
    if shortcut.endswith(")") and ", norm(" in shortcut:
        width = len(weights["conv 1.weight"])
        kept |= {f"shortcut norm 1.{name}": torch.linspace(0.5, 1.5, width) for name in STATISTICS}
    return kept


STATISTICS = ("weight", "bias", "running_mean", "running_var")


def norm(x, w, name, *, training=False):
    mean, var, scale, shift = (w[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, None if training else mean, None if training else var, scale, shift, training=training)


def block_output(x, w, *, main="", shortcut="", training=False):
    """Compute a block as its paths are described, from its weights by name."""
    strides = (1, 2) if main.endswith("stride 2)") else (2, 1) if "stride 2" in main else (1, 1)
    pre = F.relu(norm(x, w, "norm 1", training=training))
    z = F.conv2d(pre, w["conv 1.weight"], stride=strides[0], padding=1)
    z = F.relu(norm(z, w, "norm 2", training=training))
    z = F.conv2d(z, w["conv 2.weight"], stride=strides[1], padding=1)
    return z + other_path(x, w, shortcut, training=training)


def other_path(x, w, shortcut, *, training=False):
    if not shortcut:
        return x
    if shortcut.startswith("main path's norm"):
        x = norm(x, w, "norm 1", training=training)
    elif shortcut.startswith("norm"):
        x = norm(x, w, "shortcut norm 1", training=training)
    x = F.relu(x) if "relu" in shortcut else x
    x = F.conv2d(x, w["shortcut conv 1.weight"], stride=2)
    return norm(x, w, "shortcut norm 1", training=training) if ", norm(" in shortcut else x


def ask_for_paths(probe, call, rng, *, a, b, subsample):
    """Ask for the paths of a block, in one of the ways that are accepted, and return them.

    A main path that is wrong in every block is charged where it is asked for, in `test_block_main_path`: then `main`
    is "", and what stands around it is judged as it is.
    """
    actual = probe("block_paths", **call)
    accepted = main_paths(a, b, subsample=subsample)
    path = actual["main path"]
    is_known = isinstance(path, str) and path not in accepted and not has_main_path(probe, rng)
    if not is_known:
        assert_one_of(actual, "main path", accepted)
    shortcuts = [text.format(a=a, b=b) for text in SHORTCUTS] if subsample else [""]
    assert_one_of(actual, "shortcut", shortcuts)
    return {"main": "" if is_known else actual["main path"], "shortcut": actual["shortcut"]}


def has_main_path(probe, rng):
    """Tell whether the main path is right in a plain block."""
    actual = probe("block_paths", c_in=6, x=torch.randn(2, 6, 8, 8, generator=rng))
    return actual["main path"] in main_paths(6, 6, subsample=False)


def is_usual(paths, *, a, b, subsample):
    """Tell whether a block's paths are those that the document names, for which outputs are recorded."""
    shortcut = SHORTCUTS[0].format(a=a, b=b) if subsample else ""
    return paths == {"main": main_paths(a, b, subsample=subsample)[0], "shortcut": shortcut}


def assert_block(probe, expected, rng, *, a, b, size, subsample, others=None, **options):
    """Ask for the paths of a block and for its output, both in the way that they are accepted."""
    x = torch.randn(4, a, *size, generator=rng)
    call = {"c_in": a, "subsample": subsample, "x": x, **({"c_out": b} if subsample else {})}
    paths = ask_for_paths(probe, call, rng, a=a, b=b, subsample=subsample)
    weights = without_unused(draw_block(rng, a, b, subsample=subsample), paths["shortcut"])
    training = options.get("training", False)
    if not paths["main"]:
        assert_sum(probe, call | {"weights": weights}, paths["shortcut"], training=training)
        return
    actual = probe("block_pass", **call, weights=weights, **options)

    def output(x, w):
        return {"output": block_output(x, w, **paths, training=training)}

    right = block_output(x, weights, **paths, training=training)
    named = {
        "the output with a ReLU behind the sum": F.relu(right),
        "the main path alone, without the sum": right - other_path(x, weights, paths["shortcut"], training=training),
        "the output in the other mode (training or evaluation)": block_output(
            x, weights, **paths, training=not training
        ),
    }
    context = Context(batch_size=len(x), others=named)

    def formula():
        return measured(output, x=x, w=weights)

    usual = is_usual(paths, a=a, b=b, subsample=subsample)
    wanted = expected("block_pass", formula, **call, weights=weights, **options) if usual else formula()
    assert_matches(actual, wanted, context=context)


def assert_sum(probe, call, shortcut, *, training):
    """Ask for the sum of what the main path of the student's own makes of x, and of the way around."""
    x, weights = call["x"], call["weights"]
    actual = probe("block_sum", **call, training=training)
    around = other_path(x, weights, shortcut, training=training)
    assert_matches(actual, {"output of the main path": Spec(tuple(around.shape))})
    main = actual["output of the main path"]
    assert_varied(actual, "output of the main path")
    named = {
        "the output with a ReLU behind the sum": F.relu(main + around),
        "the main path alone, without the sum": main,
    }
    assert_matches(actual, {"output": main + around}, context=Context(batch_size=len(x), others=named))
    if training:
        evaluated = probe("block_sum", **call, training=False)
        same = torch.equal(evaluated["output of the main path"], main)
        assert not same, "The main path makes the same of x in training as in evaluation; expected batch statistics."


@pytest.mark.graded(task="block", weight=2, grounds="practical 2, lines 255 and 282: F(x) has the shape of x")
def test_block_shape(probe, rng):
    """A block that doesn't subsample returns the shape that it gets

    Many channels and few, square images and others.
    """
    for c_in, size in ((48, (32, 32)), (5, (8, 12))):
        x = torch.randn(2, c_in, *size, generator=rng)
        actual = probe("block_shape", c_in=c_in, x=x)
        assert_matches(actual, {"output": Spec((2, c_in, *size))})
        assert_varied(actual, "output")
        assert not torch.equal(actual["output"], x), "The output is the input itself; expected the sum of two paths."


@pytest.mark.graded(
    task="block", weight=2, grounds="practical 2, lines 264, 265 and 289: half of height and width, c_out channels"
)
def test_block_shape_subsampled(probe, rng):
    """A block that subsamples halves height and width and returns c_out channels

    One convolution of the main path has stride 2; the other path needs a 1×1 convolution with stride 2.
    """
    for c_in, c_out, size in ((16, 40, (32, 32)), (6, 4, (8, 12))):
        x = torch.randn(2, c_in, *size, generator=rng)
        actual = probe("block_shape", c_in=c_in, x=x, subsample=True, c_out=c_out)
        assert_matches(actual, {"output": Spec((2, c_out, size[0] // 2, size[1] // 2))})
        assert_varied(actual, "output")


@pytest.mark.graded(
    task="block",
    weight=8,
    after="test_block_shape",
    grounds="practical 2, lines 253 and 255: the pre-activation block, a nonlinearity in front of each convolution",
)
def test_block_main_path(probe, rng):
    """The main path is norm, ReLU, convolution, twice

    Pre-activation means that a batch normalization and a ReLU come before each convolution, not after it.
    """
    x = torch.randn(2, 6, 8, 8, generator=rng)
    actual = probe("block_paths", c_in=6, x=x)
    assert_one_of(actual, "main path", main_paths(6, 6, subsample=False))


@pytest.mark.graded(
    task="block",
    weight=3,
    after="test_block_main_path",
    grounds="practical 2, lines 245 and 253: x + F(x), with no activation on the sum",
)
def test_block_output(probe, expected, rng):
    """A block adds its input, unchanged, to what the main path makes of it

    Behind the sum there is nothing: no activation, no norm.
    """
    assert_block(probe, expected, rng, a=6, b=6, size=(8, 8), subsample=False)


@pytest.mark.graded(
    task="block",
    weight=3,
    after="test_block_shape_subsampled",
    grounds="practical 2, line 255: a 1x1 convolution with stride 2 on the way around",
)
def test_block_output_subsampled(probe, expected, rng):
    """A block that subsamples adds what a 1×1 convolution with stride 2 makes of its input

    The stride is on exactly one convolution of each path.
    """
    assert_block(probe, expected, rng, a=4, b=7, size=(8, 8), subsample=True)
