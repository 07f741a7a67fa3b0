"""Decide whether a dotted name is one that an assignment forbids.

`grader.sandbox.inside.forbidden.scan` finds the names in a student's source and asks here.
"""

import re
from collections.abc import Sequence

from grader.errors import CourseError

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(\.\*)?")
# Where torch defines what it shows one level higher: torch.nn.modules.linear.Linear is torch.nn.Linear.
_HOMES = (
    (re.compile(r"^torch\.nn\.modules\.[a-z]\w*\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.modules\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.nn\.parameter\.(?=[A-Z])"), "torch.nn."),
    (re.compile(r"^torch\.optim\.[a-z]\w*\.(?=[A-Z])"), "torch.optim."),
    (re.compile(r"^torch\.(_C\._nn|nn\.modules\.[a-z]\w*\.F)\.(?=[a-z])"), "torch.nn.functional."),
    (re.compile(r"^torch\.(functional|_C\._VariableFunctions|_VF)\.(?=[a-z])"), "torch."),
    (re.compile(r"^torch\.(_tensor|_C\.TensorBase)\."), "torch."),
)


class Forbidden:
    """Hold the names that an assignment forbids; `torch.nn.functional.*` forbids what is below, not the module.

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
        self.roots = frozenset(name.split(".")[0] for name in names)

    def matching(self, path: str) -> set[str]:
        """Return the forbidden names that the use of a dotted name uses: itself, or what it lies below.

        `module.*`, an import of everything, uses the forbidden names that lie directly in the module, too.
        """
        module = path.removesuffix(".*")
        inside = {name for name in self._exact if name.rpartition(".")[0] == module}
        found = inside if module != path else set()
        for spelling in self._spellings(path):
            parts = spelling.split(".")
            prefixes = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
            found |= self._exact.intersection(prefixes)
            found |= {self._below[prefix] for prefix in prefixes[:-1] if prefix in self._below}
        return found

    def _spellings(self, path: str) -> set[str]:
        """Return a name as it is, from its last root on (`a.torch.nn` is torch.nn), and as the public name."""
        parts = path.split(".")
        starts = [i for i, part in enumerate(parts) if part in self.roots]
        direct = ".".join(parts[starts[-1] :]) if starts else path
        public = direct
        for pattern, home in _HOMES:
            public = pattern.sub(home, public)
        return {path, direct, public}
