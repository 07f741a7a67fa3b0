"""Mutants of a reference: submissions in which one small fault stands in a solution region, and which are no fault.

`grader.authoring.mutant_audit` has them graded. `grader.authoring.mutation` makes the faults; what a person has
declared to be as good as the reference is read here.
"""

import ast
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.authoring.mutation import Edit, Source, faults_in
from grader.authoring.regions import Region, cut_regions, definition_around, find_regions
from grader.courses.assignment import EQUIVALENTS_FILE, Assignment
from grader.courses.globs import is_matched
from grader.courses.toml_table import fault, read_toml, refuse_unknown, take_tables, take_text
from grader.errors import CourseError

_KEYS = ("file", "old", "new", "reason")


@dataclass(frozen=True, slots=True)
class SolutionRegion:
    """Hold a solution region of a reference: its file, the lines [first, last], its source, and what it is part of."""

    file: str
    region: Region
    place: str
    source: bytes

    @property
    def first(self) -> int:
        """Return the line of the opening marker, counted from 1."""
        return self.region.start + 1

    @property
    def instruction(self) -> str:
        """Return the first line of what students are to write there, "" where nothing says it."""
        return (self.region.instruction or ("",))[0]

    @property
    def name(self) -> str:
        """Return what the region is called in messages."""
        return f"{self.file}:{self.first}" + (f" ({self.place})" if self.place else "")


@dataclass(frozen=True, slots=True)
class Mutant:
    """Hold one fault in a region: the lines as they stand (`old`) and as they would be (`new`)."""

    region: SolutionRegion
    line: int
    kind: str
    old: str
    new: str
    content: bytes

    @property
    def name(self) -> str:
        """Return what the mutant is called among the subjects of an audit."""
        return f"mutant {self.region.file}:{self.line} “{self.old}” → “{self.new}”"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Hold a declared mutant that is as good as the reference, by its text, and the reason."""

    file: str
    old: str
    new: str
    reason: str

    def fits(self, mutant: Mutant) -> bool:
        """Tell whether it is this mutant."""
        return (self.file, self.old, self.new) == (mutant.region.file, mutant.old, mutant.new)


def read_regions(files: Mapping[str, bytes], assignment: Assignment) -> list[SolutionRegion]:
    """Return the regions of a reference's Python files in order; raise CourseError for a bad one."""
    found = []
    for path in sorted(files):
        if not (path.endswith(".py") and is_matched(path, assignment.handed_in.editable)):
            continue
        name = f"reference/{assignment.slug}/{path}"
        lines = files[path].decode("utf-8", "replace").split("\n")
        regions = find_regions(lines, name=name)
        tree = _read_tree(files[path], name=name) if regions else ast.Module([], [])
        for region in regions:
            source = "\n".join(lines[region.start : region.end]).encode()
            found.append(SolutionRegion(path, region, definition_around(tree, region.start + 1), source))
    return found


def _read_tree(content: bytes, *, name: str) -> ast.Module:
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError) as err:
        raise CourseError(f"{name} is not valid Python: {err}.", remedy="Mend the reference.") from err


def stub_region(files: Mapping[str, bytes], region: SolutionRegion) -> dict[str, bytes]:
    """Return the reference's files with one region as students find it."""
    text = files[region.file].decode("utf-8")
    return {**files, region.file: cut_regions(text, name=region.file, only=region.region).encode()}


def make_mutants(files: Mapping[str, bytes], region: SolutionRegion) -> list[Mutant]:
    """Return all mutants of a region that are valid Python and don't mean the same by their syntax alone."""
    source = Source(files[region.file])
    same = ast.dump(source.tree)
    mutants: dict[bytes, Mutant] = {}
    for edit in faults_in(source, first=region.first, last=region.region.end):
        content = edit.apply(source.source)
        if content not in mutants and _differs(content, same):
            mutants[content] = _mutant(source, edit, content, region)
    return [*mutants.values()]


def _differs(content: bytes, same: str) -> bool:
    try:
        compile(content, "<mutant>", "exec", dont_inherit=True)
        return ast.dump(ast.parse(content)) != same
    except (SyntaxError, ValueError):
        return False


def _mutant(source: Source, edit: Edit, content: bytes, region: SolutionRegion) -> Mutant:
    first, last = source.line_of(edit.start), source.line_of(edit.end)
    lost = source.source.count(b"\n", edit.start, edit.end) - edit.text.count("\n")
    new = content.split(b"\n")[first - 1 : last - lost]
    old = source.lines(first, last).decode()
    return Mutant(region, first, edit.kind, old.strip(), b"\n".join(new).decode().strip(), content)


def choose_mutants(by_region: Sequence[Sequence[Mutant]], *, most: int | None, seed: int) -> list[Mutant]:
    """Return at most `most` mutants (None: all), of each region as many as of the others as long as it has some."""
    if most is None:
        return [mutant for mutants in by_region for mutant in mutants]
    generator = random.Random(seed)  # noqa: S311
    piles = [generator.sample(mutants, len(mutants)) for mutants in by_region]
    chosen: list[Mutant] = []
    while len(chosen) < most and any(piles):
        for pile in piles:
            if pile and len(chosen) < most:
                chosen.append(pile.pop())
    order = {id(mutant): at for at, mutant in enumerate(mutant for mutants in by_region for mutant in mutants)}
    return sorted(chosen, key=lambda mutant: order[id(mutant)])


def read_equivalents(assignment: Assignment) -> tuple[Equivalent, ...]:
    """Read the declared mutants, none where there is no file; raise CourseError for the first fault."""
    file: Path = assignment.folder / EQUIVALENTS_FILE
    if not file.is_file():
        return ()
    top = read_toml(file)
    refuse_unknown(top, ("equivalent",))
    found: dict[tuple[str, str, str], Equivalent] = {}
    for table in take_tables(top, "equivalent"):
        refuse_unknown(table, _KEYS)
        path, old = take_text(table, "file"), take_text(table, "old").strip()
        new, reason = take_text(table, "new").strip(), take_text(table, "reason").strip()
        if (path, old, new) in found:
            raise fault(table, "new", "is declared twice", remedy="Take one out.")
        found[path, old, new] = Equivalent(path, old, new, reason)
    return tuple(found.values())
