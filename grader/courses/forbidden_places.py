"""The places in which a task forbids names: globs of files, each with the name of a class or function behind `::`.

`grader.courses.task_table` refuses a faulty place, `grader.grading.forbidden` asks whether a use lies in one.
"""

from collections.abc import Collection, Iterable

from grader.courses.globs import find_glob_fault, is_matched

_MARK = "::"


def parts_of(places: Iterable[str]) -> set[str]:
    """Return the classes and functions that places name: `hw2/layers.py::Linear` names `Linear`."""
    return {part for place in places if (part := place.partition(_MARK)[2])}


def is_in_place(file: str, parts: Collection[str], places: Iterable[str]) -> bool:
    """Tell whether a line of a file, which belongs to some parts of it, lies in any of the places."""
    for place in places:
        glob, mark, part = place.partition(_MARK)
        if is_matched(file, (glob,)) and (not mark or part in parts):
            return True
    return False


def find_place_fault(place: str) -> str:
    """Return what is wrong with a place, or "" if it is sound."""
    glob, mark, part = place.partition(_MARK)
    if mark and not part.isidentifier():
        return f"has `{part}` behind `::`, where the name of a class or function stands"
    return find_glob_fault(glob)
