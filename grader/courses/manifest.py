"""The manifest of an assignment's recorded assets: which there are, and what they were recorded with.

`grader.courses.assets` reads and writes the assets themselves; this module doesn't need torch.
"""

import importlib.metadata
import json
from pathlib import Path
from typing import Any

from grader.courses.assignment import CHECKS_FOLDER
from grader.errors import AssetError

MANIFEST = "manifest.json"
SCHEMA = 1


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read manifest.json; an empty one where nothing has been recorded. Raises AssetError."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"schema": SCHEMA, "assets": {}}
    except (OSError, ValueError) as err:
        raise AssetError(f"{path} can't be read: {err}.", remedy=record_remedy(folder)) from err
    if (
        not isinstance(manifest, dict)
        or manifest.get("schema") != SCHEMA
        or not isinstance(manifest.get("assets"), dict)
    ):
        raise AssetError(f"{path} is of another version of the grader.", remedy=record_remedy(folder))
    return manifest


def key_in(folder: Path) -> str:
    """Return the course's key that is kept with recorded assets, "" where there is none."""
    try:
        key = read_manifest(folder).get("key")
    except AssetError:
        return ""  # whatever needs the assets will say so
    return key if isinstance(key, str) else ""


def record_remedy(folder: Path) -> str:
    """Say how to fix an assignment's assets: in the course, also for a students' kit, which can't record any."""
    if folder.parent.name == CHECKS_FOLDER:
        return "Get this folder from the course again."
    return f"Run `grader record {folder.name}` and review the diff."


def version_note(folder: Path) -> str:
    """Say that assets were recorded with another release of torch, or "" if they were not.

    Their tolerances allow for rounding, so results usually hold; the sentence is for whoever sees them fail.
    """
    try:
        recorded = str(read_manifest(folder).get("torch", ""))
    except AssetError:
        return ""  # the checks that need the assets will say so
    installed = importlib.metadata.version("torch").partition("+")[0]
    if not recorded or recorded.split(".")[:2] == installed.split(".")[:2]:
        return ""
    return (
        f"The assets of {folder.name} were recorded with torch {recorded}; this is torch {installed}. "
        f"Where checks fail on the reference too, record them again. {record_remedy(folder)}"
    )
