"""Say which dotted names an assignment forbids, and by which other names torch knows the same operation.

`grader.sandbox.inside.forbidden.scan` asks for every name in a student's source, `grader.sandbox.inside.recorder` for
every call.
"""

import re
from collections.abc import Mapping, Sequence

from grader.errors import CourseError

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(\.\*)?")
# Where torch defines what it shows one level higher: torch.nn.modules.linear.Linear is torch.nn.Linear.
_HOMES = (
    (re.compile(r"^torch\.nn\.modules\.[a-z]\w*\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.modules\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.parameter\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.Lazy(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.optim\.[a-z]\w*\.(?=[A-Z])"), "torch.optim."),
    (re.compile(r"^torch\.(_C\._nn|nn\.modules\.[a-z]\w*\.F)\.(?=[a-z])"), "torch.nn.functional."),
    (re.compile(r"^torch\.(functional|_C\._VariableFunctions|_VariableFunctionsClass|_VF)\.(?=[a-z_])"), "torch."),
    (re.compile(r"^torch\.(_tensor|_C\.TensorBase)\."), "torch."),
    (re.compile(r"^(functorch|torch\._functorch\.(apis|eager_transforms))\.(?=[a-z])"), "torch.func."),
)
# Operations that have one name in several places: the place where they are at home, the others, the names.
_SAME_NAME = (
    (
        "torch.nn.functional",
        "torch._C._nn torch.ops.aten",
        "adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d avg_pool2d avg_pool3d "
        "binary_cross_entropy elu elu_ fractional_max_pool2d fractional_max_pool3d gelu glu hardsigmoid hardswish "
        "hardtanh hardtanh_ huber_loss l1_loss leaky_relu leaky_relu_ linear max_pool2d_with_indices "
        "max_pool3d_with_indices max_unpool2d max_unpool3d mish mse_loss multi_margin_loss multilabel_margin_loss "
        "nll_loss one_hot pad relu6 scaled_dot_product_attention silu smooth_l1_loss soft_margin_loss softplus "
        "softshrink",
    ),
    (
        "torch.nn.functional",
        "torch torch.ops.aten",
        "adaptive_avg_pool1d adaptive_max_pool1d alpha_dropout avg_pool1d batch_norm bilinear "
        "binary_cross_entropy_with_logits celu celu_ channel_shuffle conv1d conv2d conv3d conv_tbc conv_transpose1d "
        "conv_transpose2d conv_transpose3d cosine_embedding_loss cosine_similarity ctc_loss dropout embedding "
        "embedding_bag feature_alpha_dropout group_norm hinge_embedding_loss instance_norm kl_div layer_norm "
        "margin_ranking_loss max_pool1d max_pool1d_with_indices max_pool2d max_pool3d native_channel_shuffle "
        "pairwise_distance pdist pixel_shuffle pixel_unshuffle poisson_nll_loss rms_norm rrelu rrelu_ selu selu_ "
        "threshold threshold_ triplet_margin_loss",
    ),
    ("torch.nn.functional", "torch torch.Tensor torch.ops.aten", "hardshrink prelu"),
    # These are arithmetic: a task that forbids the whole of torch.nn.functional leaves them.
    ("torch", "torch.nn.functional torch.Tensor torch.ops.aten", "relu relu_ sigmoid tanh softmax log_softmax"),
)
_CONVOLUTION = "torch.convolution torch._convolution torch.ops.aten.convolution torch.ops.aten._convolution"
# Operations that go by other names elsewhere.
_OTHER_NAME = {
    "torch.softmax": "torch.special.softmax torch._softmax torch.ops.aten._softmax",
    "torch.log_softmax": "torch.special.log_softmax torch._log_softmax torch.ops.aten._log_softmax",
    "torch.sigmoid": "torch.special.expit torch.ops.aten.special_expit",
    "torch.nn.functional.conv1d": _CONVOLUTION,
    "torch.nn.functional.conv2d": _CONVOLUTION,
    "torch.nn.functional.conv3d": _CONVOLUTION,
    "torch.nn.functional.cross_entropy": "torch._C._nn.cross_entropy_loss torch.ops.aten.cross_entropy_loss",
    "torch.nn.functional.nll_loss": "torch._C._nn.nll_loss_nd torch._C._nn.nll_loss2d torch.ops.aten.nll_loss_nd "
    "torch.ops.aten.nll_loss2d torch.ops.aten.nll_loss_forward",
    "torch.nn.functional.logsigmoid": "torch._C._nn.log_sigmoid torch.ops.aten.log_sigmoid "
    "torch.ops.aten.log_sigmoid_forward",
    "torch.nn.functional.layer_norm": "torch.native_layer_norm torch.ops.aten.native_layer_norm",
    "torch.nn.functional.batch_norm": "torch.native_batch_norm torch.ops.aten.native_batch_norm",
    "torch.nn.functional.group_norm": "torch.native_group_norm torch.ops.aten.native_group_norm",
    "torch.nn.functional.dropout": "torch.native_dropout torch.ops.aten.native_dropout",
    "torch.autograd.backward": "torch.Tensor.backward",
    "torch.autograd.forward_ad.make_dual": "torch._make_dual torch.ops.aten._make_dual",
    "torch.autograd.grad": "torch.func.grad torch.func.grad_and_value",
    "torch.autograd.functional.vjp": "torch.func.vjp",
    "torch.autograd.functional.jvp": "torch.func.jvp torch.func.linearize",
    "torch.autograd.functional.jacobian": "torch.func.jacrev torch.func.jacfwd",
    "torch.autograd.functional.hessian": "torch.func.hessian",
    "torch.optim.SGD": "torch.optim.sgd.sgd torch._fused_sgd_ torch.ops.aten._fused_sgd_",
    "torch.optim.Adam": "torch.optim.adam.adam torch._fused_adam_ torch.ops.aten._fused_adam_",
    "torch.optim.AdamW": "torch.optim.adamw.adamw torch._fused_adamw_ torch.ops.aten._fused_adamw_",
    "torch.optim.RMSprop": "torch.optim.rmsprop.rmsprop",
    "torch.optim.Adagrad": "torch.optim.adagrad.adagrad torch._fused_adagrad_ torch.ops.aten._fused_adagrad_",
}
# What runs code that neither the source nor the recorder shows, and the recorder's own home.
_UNSEEN = frozenset({"torch.jit.CompilationUnit", "torch.jit.load", "torch._C.DisableTorchFunction", "grader.sandbox"})


def _spellings_by_operation() -> dict[str, frozenset[str]]:
    rows = {home: {home, *others.split()} for home, others in _OTHER_NAME.items()}
    for home, places, names in _SAME_NAME:
        for name in names.split():
            spelled = {f"{place}.{name}" for place in [home, *places.split()]}
            rows.setdefault(f"{home}.{name}", set()).update(spelled)
    return {home: frozenset(spelled) for home, spelled in rows.items()}


SPELLINGS: Mapping[str, frozenset[str]] = _spellings_by_operation()
_OPERATIONS = {
    spelled: tuple(home for home, others in SPELLINGS.items() if spelled in others)
    for spelled in frozenset[str]().union(*SPELLINGS.values())
}


class ForbiddenNames:
    """Hold the names that an assignment forbids; `torch.nn.functional.*` forbids what is below, not the module.

    An operation that is named is forbidden by all its names (`SPELLINGS`), a module with all that is at home in it.

    Raises CourseError for what is no dotted name.
    """

    def __init__(self, names: Sequence[str]) -> None:
        for name in names:
            if not _NAME.fullmatch(name):
                raise CourseError(
                    f"{name!r} can't be forbidden: it is not a dotted name.",
                    remedy="Write it like `torch.nn.Linear`, or `torch.nn.functional.*` for all that is below.",
                )
        self._exact = {name for name in names if not name.endswith(".*")}
        self._below = {name.removesuffix(".*"): name for name in names if name.endswith(".*")}
        self._known: dict[str, frozenset[str]] = {}
        self.roots = frozenset(name.split(".")[0] for name in names)

    def matching(self, path: str) -> frozenset[str]:
        """Return the forbidden names that the use of a dotted name uses: itself, or what it lies below.

        `module.*`, an import of everything, uses the forbidden names that lie directly in the module, too.
        """
        if path not in self._known:
            self._known[path] = frozenset(self._matching(path))
        return self._known[path]

    def _matching(self, path: str) -> set[str]:
        module = path.removesuffix(".*")
        inside = {name for name in self._exact if name.rpartition(".")[0] == module}
        found = inside if module != path else set()
        for spelling in self._spellings(path):
            for operation in _operations(spelling):
                found |= self._exact & SPELLINGS[operation] | self._above(operation)
            found |= self._above(spelling)
        return found

    def _above(self, path: str) -> set[str]:
        """Return the forbidden names that are this name, or a module or class that it lies in."""
        prefixes = _prefixes(path)
        below = {self._below[prefix] for prefix in prefixes[:-1] if prefix in self._below}
        return self._exact.intersection(prefixes) | below

    def _spellings(self, path: str) -> set[str]:
        """Return a name as it is, from its last root on (`a.torch.nn` is torch.nn), and as the public name."""
        parts = path.split(".")
        starts = [i for i, part in enumerate(parts) if part in self.roots]
        direct = ".".join(parts[starts[-1] :]) if starts else path
        public = direct
        for pattern, home in _HOMES:
            public = pattern.sub(home, public)
        return {path, direct, public}


def is_unseen(path: str) -> bool:
    """Tell whether a dotted name runs code in which neither the source nor the recorder shows what is called."""
    return not _UNSEEN.isdisjoint(_prefixes(path))


def _operations(path: str) -> set[str]:
    """Return the operations that a name is a spelling of, also as one overload of it (`torch.ops.aten.mm.default`)."""
    return {operation for prefix in _prefixes(path) for operation in _OPERATIONS.get(prefix, ())}


def _prefixes(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
