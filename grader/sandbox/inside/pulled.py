"""Tell the grader which of the modules on offer a submission imports, so that the next one finds them imported.

`grader.sandbox.inside.serving` installs it beside student code, which may lie here: the trusted side takes a name for
no more than a wish, and only those that the course has named come true.
"""

import socket
from collections.abc import Iterable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from grader.sandbox.inside.compiler_stand_in import is_imported
from grader.sandbox.wire.protocol import note


def already_imported(offered: Iterable[str]) -> list[str]:
    """Return the names of those that are here by now."""
    return [name for name in offered if is_imported(name)]


class PulledWatch(MetaPathFinder):
    """Find nothing, and tell of each module on offer when somebody looks for it first, also where that never ends."""

    def __init__(self, offered: Iterable[str], connection: socket.socket) -> None:
        self._untold = {name for name in offered if not is_imported(name)}
        self._connection = connection

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Tell of the module, and leave it to others to find."""
        if name in self._untold:
            self._untold.discard(name)
            self._connection.sendall(note(pulled=name))
        return None
