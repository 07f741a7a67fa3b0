"""Proposes known mistakes for a solved notebook: of each solution region one small fault, as an edit of its lines.

`grader.authoring.from_notebook` writes them; `grader.authoring.mutants` makes the faults. Nothing of the notebook is
run.
"""

import ast
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from grader.authoring.mutants import Mutant, SolutionRegion, make_mutants
from grader.authoring.regions import definition_around, find_regions

_FIRST = ("another operation", "a sign turned", "another comparison", "a condition turned")
_LAST = ("another number", "a loop one shorter", "not transposed")  # often without consequence, or a crash


@dataclass(frozen=True, slots=True)
class ProposedMistake:
    """Hold one edit of the script: `find`, which occurs once, becomes `replace`; the check of `part` has to tell it."""

    part: str
    place: str
    kind: str
    find: str
    replace: str


def propose_mistakes(
    text: str, *, name: str, parts: Collection[str]
) -> tuple[tuple[ProposedMistake, ...], tuple[str, ...]]:
    """Return a mistake for each solution region of a script, and sentences on the regions without one.

    `parts` are the functions and classes that have a task.
    """
    found: list[ProposedMistake] = []
    unsolved: list[str] = []
    tree = ast.parse(text)
    for region in find_regions(text.split("\n"), name=name):
        place = definition_around(tree, region.start + 1)
        part = place.partition(".")[0]
        if part not in parts:
            unsolved.append(f"No known mistake is proposed for the region in line {region.start + 1}: no task is its.")
            continue
        solution = SolutionRegion(name, region, place, b"")
        mutants = sorted(make_mutants({name: text.encode()}, solution), key=_rank)
        edits = (_edit(text, mutant) for mutant in mutants)
        chosen = next(((one, edit) for one, edit in zip(mutants, edits, strict=True) if edit), None)
        if chosen is None:
            unsolved.append(f"No known mistake could be proposed for `{place}`: write one, where it is often wrong.")
        else:
            mutant, (find, replace) = chosen
            found.append(ProposedMistake(part, place, mutant.kind, find, replace))
    return tuple(found), tuple(unsolved)


def _rank(mutant: Mutant) -> tuple[int, int]:
    """Order faults: those first that nearly always change a result and no shape, the last lines before others."""
    if mutant.kind in _LAST or mutant.old.count("@") != mutant.new.count("@"):
        return 2, -mutant.line
    return 0 if mutant.kind in _FIRST else 1, -mutant.line


def _edit(text: str, mutant: Mutant) -> tuple[str, str] | None:
    """Return what has to be found, and what is put there, as whole lines that occur once; None where there are none."""
    old, new = text.split("\n"), mutant.content.decode().split("\n")
    start = next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), 0)
    end = next((at for at, pair in enumerate(zip(old[::-1], new[::-1], strict=False)) if pair[0] != pair[1]), 0)
    end = min(end, len(old) - start - 1, len(new) - start - 1)
    for first in range(start, max(-1, start - 5), -1):
        find, replace = ("\n".join(lines[first : len(lines) - end]) for lines in (old, new))
        if text.count(find) == 1:
            return find, replace
    return None


def mistakes_file(mistakes: Sequence[ProposedMistake], *, file: str) -> str:
    """Return the text of `mistakes.toml`."""
    head = """\
# Known mistakes: each is the reference with one edit, and the check that has to catch it. These are small faults that
# were put into each solution region; put in their place what students really do, with `words` of what they should read.
"""
    names = _names(mistakes)
    rows = (
        f"""
[[mistake]]
name = {json.dumps(name)}
file = {json.dumps(file)}
find = {_quoted(one.find)}
replace = {_quoted(one.replace)}
check = "test_{one.part}"
verdict = "wrong"
"""
        for name, one in zip(names, mistakes, strict=True)
    )
    return head + "".join(rows)


def _names(mistakes: Sequence[ProposedMistake]) -> Iterator[str]:
    """Yield a name for each: its place and kind, with a number where that is taken."""
    taken: set[str] = set()
    for one in mistakes:
        plain = re.sub(r"\W+", "-", f"{one.place}-{one.kind}").strip("-").lower()
        name, number = plain, 1
        while name in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name)
        yield name


def _quoted(text: str) -> str:
    """Return a text as TOML writes it: as it stands where that is possible."""
    is_plain = "'" not in text and text.isprintable()
    if is_plain:
        return f"'{text}'"
    is_block = "'''" not in text and not text.endswith("'") and all(line.isprintable() for line in text.split("\n"))
    return f"'''\n{text}'''" if is_block else json.dumps(text)
