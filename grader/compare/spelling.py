"""Says what came in place of a name that is missing, and which of it is likely meant.

`grader.compare.wording` and `grader.grading.outcome` tell students.
"""

import difflib
from collections.abc import Collection

from grader.compare.texts import safe_text

_ALIKE = 0.6
_NAMED = 5
_LETTERS = 60


def nearest_name(wanted: str, present: Collection[str]) -> str:
    """Return the name that is most likely a misspelling of the wanted one, "" where none is near.

    Another case is nearest, then a name that holds the wanted one or is held by it (`dW1` for `W1`), then like letters.
    A number or a tuple of those, the key of a dict, is no name and is never misspelt.
    """
    present = [name for name in present if _has_letters(name)] if _has_letters(wanted) else []
    plain = {name: _plain(name) for name in present}
    for name, letters in plain.items():
        if letters == _plain(wanted):
            return name
    holding = [
        name for name, letters in plain.items() if letters and (letters in _plain(wanted) or _plain(wanted) in letters)
    ]
    near = [name for name in holding if 2 * min(len(name), len(wanted)) > max(len(name), len(wanted))]
    if near:
        return min(near, key=lambda name: abs(len(name) - len(wanted)))
    return next(iter(difflib.get_close_matches(wanted, list(present), n=1, cutoff=_ALIKE)), "")


def _has_letters(name: str) -> bool:
    return any(letter.isalpha() for letter in name)


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def came_instead(wanted: str, present: Collection[str]) -> str:
    """Return a sentence on what came in place of a name, with the one that is likely meant; "" if nothing came."""
    if not present:
        return ""
    nearest = nearest_name(wanted, present)
    others = [name for name in present if name != nearest]
    shown = [nearest, *others][:_NAMED] if nearest else others[:_NAMED]
    more = f" and {len(present) - len(shown)} more" if len(present) > len(shown) else ""
    came = f"What came instead: {', '.join(_told(name) for name in shown)}{more}."
    return f"{came} Is {_told(nearest)} meant to be {_told(wanted)}?" if nearest else came


def is_there_instead(wanted: str, present: Collection[str]) -> str:
    """Return a sentence on the name that is there and is likely meant, "" where none is near."""
    nearest = nearest_name(wanted, present)
    return f"There is {_told(nearest)}: is that meant to be it?" if nearest else ""


def _told(name: str) -> str:
    return f"`{safe_text(name, limit=_LETTERS)}`"
