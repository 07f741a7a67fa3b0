"""Spells names so that two which mean one person are equal.

`grader.export.matching` compares with them.
"""

import re
import unicodedata

_NOT_IN_FILE_NAMES = re.compile(r"[&<>\"`|':*?\\/]")  # an LMS leaves these out of the names of folders


def name_orders(name: str) -> tuple[str, ...]:
    """Return a name as `Ann Lee` and as `Lee, Ann`, whichever of them it is."""
    last, comma, first = (part.strip() for part in name.partition(","))
    if comma:
        return name, f"{first} {last}"
    first, _, last = name.rpartition(" ")
    return (name, f"{last}, {first}") if first else (name,)


def folded_name(text: str) -> str:
    """Return a name without what case, spaces, composed letters and an LMS's file names change."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("_", " ")
    return " ".join(unicodedata.normalize("NFKC", _NOT_IN_FILE_NAMES.sub("", plain)).split())


def squeezed_name(text: str) -> str:
    """Return the letters and digits of a name: Canvas calls `Lee, Ann` `leeann`."""
    return "".join(letter for letter in folded_name(text) if letter.isalnum())
