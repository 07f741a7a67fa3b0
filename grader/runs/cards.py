"""The graphics cards that this process may use, and how many submissions fit on them.

`grader.commands.executors` deals them out, `grader.runs.grading_process` starts a process that sees only its own.
Nothing here imports torch: once torch has been asked for its cards, no fork of that process can use them.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from grader.errors import SandboxError

VISIBLE = "CUDA_VISIBLE_DEVICES"
_CONTEXT_MIB = 600.0  # what CUDA and its libraries take of a card for each process, beside the tensors
_ASK = ("nvidia-smi", "--query-gpu=index,uuid,memory.free", "--format=csv,noheader,nounits")
_ASK_S = 30.0


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    """Name a card as CUDA_VISIBLE_DEVICES does; `free_mib` is None if the driver doesn't say."""

    name: str
    free_mib: float | None


def usable_cards() -> list[GraphicsCard]:
    """Return the cards of this machine, only those in CUDA_VISIBLE_DEVICES where it is set; [] without a driver."""
    known = _ask_driver()
    chosen = os.environ.get(VISIBLE)
    if chosen is None:
        return [GraphicsCard(index, free) for index, _uuid, free in known]
    cards: list[GraphicsCard] = []
    for name in filter(None, map(str.strip, chosen.split(","))):
        found = [free for index, uuid, free in known if name == index or uuid.lower().startswith(name.lower())]
        if not found and not name.startswith("MIG-"):  # a MIG slice of a card has no line of its own
            break  # CUDA hides what follows an unknown name, too
        cards.append(GraphicsCard(name, found[0] if found else None))
    return cards


def _ask_driver() -> list[tuple[str, str, float | None]]:
    """Return number, identity and free memory of each card."""
    try:
        said = subprocess.run(_ASK, capture_output=True, text=True, errors="replace", timeout=_ASK_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [[cell.strip() for cell in line.split(",")] for line in said.stdout.splitlines()]
    return [(row[0], row[1], _number(row[2])) for row in rows if len(row) == 3 and row[0].isdigit()]


def _number(text: str) -> float | None:
    return float(text) if text.isdigit() else None


def seats(cards: Sequence[GraphicsCard], *, gpu_mib: float) -> list[str]:
    """Return a card's name for each submission that fits: all cards once before the first takes a second one.

    Each submission may use `gpu_mib` of a card, and CUDA itself takes some. Raises SandboxError if none fits.
    """
    if not cards:
        raise SandboxError(
            "No CUDA device is here for `--device cuda`: nvidia-smi lists none that may be used.",
            remedy=f"`nvidia-smi` and `{VISIBLE}` say which there are. Without the option, checks that need one are "
            "skipped and cost no points.",
        )
    each_mib = gpu_mib + _CONTEXT_MIB
    fitting = {card.name: 1 if card.free_mib is None else int(card.free_mib // each_mib) for card in cards}
    if not any(fitting.values()):
        free_mib = max(card.free_mib or 0.0 for card in cards)
        raise SandboxError(
            f"A submission needs up to {each_mib:g} MiB of a card, with CUDA itself, but only {free_mib:g} are free.",
            remedy="End what else runs there, or lower `gpu_mib` in assignment.toml.",
        )
    return [name for turn in range(max(fitting.values())) for name, count in fitting.items() if turn < count]
