"""Records of a comparison: what is expected, what differs and by how much, without any words for students.

`grader.compare.ladder` fills them, `grader.compare.wording` turns them into sentences.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_args

import numpy
import torch

from grader.compare.arrays import DType
from grader.errors import CourseError
from grader.results.verdict import Feedback, HeatMap

Shape = tuple[int, ...]
Domain = Literal["", "layer", "loss", "step", "dropout", "labels", "curve"]
Number = bool | int | float


class Rung(StrEnum):
    """Name a question of the ladder, in the order they are asked."""

    PRESENT = "present"
    TYPE = "type"
    SHAPE = "shape"
    DTYPE = "dtype"
    DEVICE = "device"
    FINITE = "finite"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Allow a difference of `atol + rtol * |expected|`."""

    rtol: float
    atol: float


EXACT = Tolerance(rtol=0.0, atol=0.0)

_FLOORS = {
    torch.float64: Tolerance(rtol=1e-8, atol=1e-10),
    torch.float32: Tolerance(rtol=1e-5, atol=1e-6),
    torch.float16: Tolerance(rtol=4e-3, atol=1e-3),
    torch.bfloat16: Tolerance(rtol=3e-2, atol=1e-2),
}


def floor_for(dtype: torch.dtype) -> Tolerance:
    """Return the smallest tolerance that is fair for `dtype`; `EXACT` for integers and bools."""
    return _FLOORS.get(dtype, EXACT)


@dataclass(frozen=True, slots=True)
class Spec:
    """Ask only for a tensor or array of this shape and dtype with finite values.

    A dtype of NumPy's asks for an array, one of torch's for a tensor; "any float" and None ask for either, of any
    floating dtype or of any at all.
    """

    shape: Shape
    dtype: DType = torch.float32


@dataclass(frozen=True, slots=True)
class Expectation:
    """Hold what a check expects, by name.

    `values` are tensors, arrays, `Spec`s, plain values, exceptions or kinds of those, or lists, tuples and dicts of all
    these. `tolerances`, `dtypes` and `devices` may name an output (`grads`) or one value in it (`grads[2]`). Without a
    tolerance the floor of the dtype holds; a dtype of None isn't asked for, "any float" takes the coarser tolerance of
    both sides, and a device is asked for only where it is named ("cpu", "cuda", "cuda:1").
    """

    values: Mapping[str, object]
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    dtypes: Mapping[str, DType] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """Hold facts about a check that lookalikes may use.

    `others` maps words a student understands ("the input", "the weights before the step") to tensors or arrays; only
    those with the word "before" are taken for the start of a step. `about` says what is compared, "" if nobody says:
    what belongs elsewhere is then not told, such as a learning rate of a layer.
    """

    batch_size: int | None = None
    others: Mapping[str, torch.Tensor | numpy.ndarray[Any, Any]] = field(default_factory=dict)
    about: Domain = ""

    def __post_init__(self) -> None:
        """Raise CourseError at once where a fact is of a wrong kind: else only a wrong submission would show it."""
        others: object = self.others
        if not isinstance(others, Mapping):
            raise CourseError(
                f"`others` is a {type(others).__name__}.", remedy='Give a dict: `others={"the input": x}`.'
            )
        for words, other in others.items():
            if not isinstance(words, str) or not isinstance(other, torch.Tensor | numpy.ndarray):
                raise CourseError(
                    f"`others` holds a {type(other).__name__} under {words!r}.",
                    remedy='Give tensors or arrays under words that students understand: `others={"the input": x}`.',
                )
        if self.about not in get_args(Domain):
            raise CourseError(
                f"`about` is {self.about!r}.", remedy=f"Known: {', '.join(filter(None, get_args(Domain)))}."
            )
        if self.batch_size is not None and (isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int)):
            raise CourseError(f"`batch_size` is {self.batch_size!r}.", remedy="Give the number of rows: `len(x)`.")


@dataclass(frozen=True, slots=True)
class Description:
    """Say what a value is without holding it.

    `kind` is "tensor", "NumPy array", "None", "missing", "list", "dict", "str", "int", "float", "bool", "named tuple",
    "exception" or what an `Opaque` names;
    `text` a short safe text of a plain value, `size` the number of items of a list or dict.
    """

    kind: str
    text: str = ""
    shape: Shape | None = None
    dtype: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Deviation:
    """Measure how far a tensor is from the expected one.

    `index`, `actual` and `expected` are the worst element's (the first one's at the rung `finite`); `max_abs` and
    `max_rel` are taken over the wrong elements; `nans` and `infs` count those of the actual tensor.
    """

    index: tuple[int, ...]
    actual: Number
    expected: Number | None
    max_abs: float
    max_rel: float
    wrong: int
    total: int
    nans: int
    infs: int


@dataclass(frozen=True, slots=True)
class Lookalike:
    """Name the hypothesis that explains a difference, and tell it in a sentence."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Record one failing value: the rung that it failed, both sides, the numbers and what it looks like.

    `keys` are the keys that nobody expected, of the dict that it is or of the one from which it is missing; `heat` are
    pictures of where the values differ.
    """

    name: str
    rung: Rung
    actual: Description
    expected: Description
    deviation: Deviation | None = None
    lookalike: Lookalike | None = None
    keys: tuple[str, ...] = ()
    heat: tuple[HeatMap, ...] = ()

    @property
    def is_stub(self) -> bool:
        """Tell whether the value is what an unwritten function returns, None or `...`, or the exception it raises."""
        if self.actual.kind == "exception":
            return self.actual.text.startswith(NotImplementedError.__name__)
        is_blank = self.rung is Rung.TYPE and self.actual.kind in ("None", "ellipsis")
        return is_blank and self.expected.kind != "exception"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Record every failing value of a check, in the order of the expectation, and name the tensors that are right."""

    differences: tuple[Difference, ...] = ()
    matched: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Tell whether nothing differs."""
        return not self.differences

    @property
    def all_stub(self) -> bool:
        """Tell whether something differs, and every value that does is still a stub."""
        return bool(self.differences) and all(difference.is_stub for difference in self.differences)

    @property
    def lookalike(self) -> Lookalike | None:
        """Return the first lookalike that was found."""
        return next((item.lookalike for item in self.differences if item.lookalike), None)


class Mismatch(AssertionError):
    """Report that actual values differ from the expected ones; its text is the feedback's message."""

    def __init__(self, comparison: Comparison, feedback: Feedback) -> None:
        super().__init__(comparison, feedback)
        self.comparison = comparison
        self.feedback = feedback

    def __str__(self) -> str:
        return self.feedback.message
