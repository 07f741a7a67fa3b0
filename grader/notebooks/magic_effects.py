"""What lines that only IPython understands do to the Python around them, written as Python of one line.

`grader.notebooks.cell_source` puts it in their place: a variable of the environment, a folder, the lines that a command
prints. Whatever else such a line does (to install, to plot inline, to list files) has no effect on what is graded.
"""

import re
import shlex

_SETS = re.compile(r"%(?:env|set_env)[ \t]+(?P<name>\w+)(?:[ \t]*=[ \t]*|[ \t]+)(?P<value>.*?)[ \t]*")
_MAKES = re.compile(r"(?:![ \t]*|%)mkdir[ \t]+(?P<folders>[^|&;<>]+)")
_GOES = re.compile(r"%cd[ \t]+(?P<folder>[^-\s].*?)[ \t]*")
_PRINTS = re.compile(r"(?P<names>[A-Za-z_]\w*)[ \t]*=[ \t]*(?:!|%sx[ \t]+)[ \t]*(?P<command>.+)")
_CAPTURES = re.compile(r"%%capture[ \t]+(?:--?[\w-]+[ \t]+)*(?P<name>[A-Za-z_]\w*)[ \t]*")
_FILLED_IN = re.compile(r"[{}$]")
_COMMAND_S = 2
_WHATEVER_FAILS = "with __import__('contextlib').suppress(OSError)"  # a kernel would print it, and go on


def in_python(line: str) -> str:
    """Return the Python for a line without its indentation, "pass" where it has no effect on other lines."""
    if found := _PRINTS.fullmatch(line):
        return _printed_by(found["names"], found["command"])
    if _FILLED_IN.search(line):
        return "pass"
    if found := _SETS.fullmatch(line):
        value = found["value"].strip("\"'")
        return f"__import__('os').environ.__setitem__({found['name']!r}, {value!r})"
    if found := _MAKES.fullmatch(line):
        folders = [one for one in _words(found["folders"]) if not one.startswith("-")]
        made = "; ".join(f"__import__('os').makedirs({one!r}, exist_ok=True)" for one in folders)
        return f"{_WHATEVER_FAILS}: {made}" if made else "pass"
    if found := _GOES.fullmatch(line):
        folder = found["folder"].strip("\"'")
        return f"{_WHATEVER_FAILS}: __import__('os').chdir({folder!r})"
    return "pass"


def captured(head: str) -> str:
    """Return the Python that gives a `%%capture NAME` cell its name, "" for any other head of a cell."""
    found = _CAPTURES.fullmatch(head)
    if found is None:
        return ""
    return f"{found['name']} = __import__('types').SimpleNamespace(stdout='', stderr='', outputs=[], show=lambda: None)"


def _printed_by(name: str, command: str) -> str:
    """Return the Python that gives a name the lines that a command prints; none where it takes values from Python."""
    if _FILLED_IN.search(command):
        return f"{name} = []"
    return (
        f"{name} = __import__('subprocess').run({command!r}, shell=True, capture_output=True, text=True, "
        f"stdin=__import__('subprocess').DEVNULL, timeout={_COMMAND_S}).stdout.splitlines()"
    )


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []
