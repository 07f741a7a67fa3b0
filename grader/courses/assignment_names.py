"""Find which names the course's own files define, without running or importing them.

`grader.courses.given_table` refuses spellings of names that are none of these.
"""

import re
from pathlib import Path

_DEFINED = re.compile(
    r"(?:^|\\n|\")[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+([A-Za-z_]\w*)|^([A-Za-z_]\w*)[ \t]*=", re.MULTILINE
)


def names_defined_in(folder: Path) -> frozenset[str]:
    """Return the names of functions, classes and variables in all Python files and notebooks below a folder."""
    files = [file for kind in ("*.py", "*.ipynb") for file in sorted(folder.rglob(kind))]
    found = (_DEFINED.findall(file.read_text(encoding="utf-8", errors="replace")) for file in files)
    return frozenset(name for matches in found for pair in matches for name in pair if name)
