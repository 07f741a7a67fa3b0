"""Evidence as data: which runs of a submission a person is shown, for how many points beside those of the checks.

`grader.courses.evidence_table` reads it from `assignment.toml`; `grader.grading.evidence` collects it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Name the result files of an experiment: one for each way to put `values` into the braces of `file`.

    A file is JSON with `config` and `results`; its `config` has to hold the values of its name and those of `config`.
    `images` are the fewest that one epoch may have used, by `train` and `test`.
    """

    file: str
    values: Mapping[str, tuple[object, ...]]
    config: Mapping[str, object] = field(default_factory=dict)
    images: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Say what is shown: the saved outputs of `cells` (ids of the reference's), `files` (globs), and the files of runs.

    `tasks` are those whose measured figures stand beside it; `questions` are those whose answers are about it.
    """

    cells: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    runs: tuple[RunFiles, ...] = ()
    tasks: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
