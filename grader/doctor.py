"""Find out what works on this machine, by trying it.

`grader.commands.doctor` prints the findings; each bad one says what to do.
"""

import importlib
import importlib.metadata
import re
import sys

from grader.datasets.presence import DATASETS, absence_of, origin_of_data
from grader.errors import SandboxError
from grader.runs.cards import usable_cards
from grader.sandbox.outside.bubblewrap import find_bubblewrap
from grader.sandbox.outside.control_groups import make_group
from grader.sandbox.outside.ordinary_user import may_change_user
from grader.sandbox.outside.servers import start_server
from grader.sandbox.outside.trial import Diagnosis, try_server
from grader.sandbox.outside.walls import Wall

# Extras of ours that a command can do without: the package, the extra that brings it, and what it is for.
_OPTIONAL = (
    ("watchfiles", "watch", "`grader check --watch`"),
    ("distributed", "cluster", "`grader grade --cluster`"),
)
_INDEX = "https://download.pytorch.org/whl/"
_WANTED_TORCH = re.compile(r"torch\s*\(?==(?P<version>[^+,;)\s]+)")


def examine() -> list[Diagnosis]:
    """Try everything that checking and grading need."""
    walls = [_bubblewrap(), _control_groups(), try_wall(Wall.PROCESS)]
    if not walls[0].is_good and may_change_user():
        walls.insert(1, try_wall(Wall.USER))  # what is left for one submission in a container
    return [*_versions(), _torchvision(), *_optional(), *walls, *_gpu(), *_datasets()]


def _versions() -> list[Diagnosis]:
    python = ".".join(map(str, sys.version_info[:3]))
    findings = [Diagnosis("Python", sys.version_info >= (3, 11), python, "Install Python 3.11 or newer.")]
    for package in ("torch", "torchvision", "pytest", "pytest-timeout"):
        try:
            findings.append(Diagnosis(package, is_good=True, message=importlib.metadata.version(package)))
        except importlib.metadata.PackageNotFoundError:
            findings.append(
                Diagnosis(package, is_good=False, message="not installed", remedy=f"`pip install {package}`")
            )
    return findings


def _optional() -> list[Diagnosis]:
    findings = []
    for package, extra, use in _OPTIONAL:
        try:
            findings.append(Diagnosis(package, is_good=True, message=importlib.metadata.version(package)))
        except importlib.metadata.PackageNotFoundError:
            message, remedy = f"not installed; {use} needs it", f'`pip install "torchgrade[{extra}]"`'
            findings.append(Diagnosis(package, is_good=True, message=message, remedy=remedy, is_here=False))
    return findings


def _bubblewrap() -> Diagnosis:
    """Try the wall around strangers' code, and say which bubblewrap builds it and why another one doesn't."""
    subject = f"wall `{Wall.BUBBLEWRAP}`"
    try:
        found = find_bubblewrap()
    except SandboxError as err:
        is_linux = sys.platform == "linux"  # elsewhere there can be none, and whoever only checks needs none
        return Diagnosis(subject, is_good=not is_linux, message=err.message, remedy=err.remedy, is_here=False)
    finding = try_wall(Wall.BUBBLEWRAP)
    others = "".join(f"; not with {why}" for why in found.refused)
    return Diagnosis(subject, finding.is_good, f"{finding.message} with {found.path}{others}", finding.remedy)


def _control_groups() -> Diagnosis:
    """Say whether the kernel itself bounds what a submission takes, or only the watchdog and limits of processes."""
    group = make_group() if sys.platform == "linux" else None
    if group is None:
        message = "not for this user; limits of processes, a watchdog and priorities bound submissions instead"
        remedy = "To have the kernel bound them too, grade below `systemd-run --user --scope`, or as root."
        return Diagnosis("control groups", is_good=True, message=message, remedy=remedy, is_here=False)
    group.remove()
    message = f"version {group.version} ({', '.join(sorted(group.folders))}), around each fork server"
    return Diagnosis("control groups", is_good=True, message=message)


def try_wall(wall: Wall, *, device: str = "cpu") -> Diagnosis:
    """Build a wall, run a probe on a tiny submission behind it, and tell what happened."""
    try:
        with start_server(wall, device=device) as server:
            return try_server(server)
    except SandboxError as err:
        return Diagnosis(f"wall `{wall}`", is_good=False, message=err.message, remedy=err.remedy)


def _gpu() -> list[Diagnosis]:
    """Try a wall around a graphics card, where there is one."""
    cards = usable_cards()
    if not cards:
        message = "none: checks that need one are skipped and cost no points"
        return [Diagnosis("GPU", is_good=True, message=message, is_here=False)]
    if sys.platform != "linux":
        names = ", ".join(card.name for card in cards)
        return [
            Diagnosis("GPU", is_good=True, message=f"{names}: only `grader grade`, on Linux, uses it", is_here=False)
        ]
    free = ", ".join(f"{card.name} ({card.free_mib:g} MiB free)" if card.free_mib else card.name for card in cards)
    return [Diagnosis("GPU", is_good=True, message=free), try_wall(Wall.BUBBLEWRAP, device="cuda")]


def _torchvision() -> Diagnosis:
    """Try the import that fails where torchvision and torch were built for different machines."""
    from grader.sandbox.inside.torchvision_ops import make_torchvision_importable

    subject = "import torchvision"
    try:
        stood_in = make_torchvision_importable()
        importlib.import_module("torchvision")
    except Exception as err:
        return Diagnosis(subject, is_good=False, message=f"{type(err).__name__}: {err}"[:300], remedy=_pair())
    if not stood_in:
        return Diagnosis(subject, is_good=True, message="works")
    told = "works here and below `%load_ext grader`, not in a plain kernel: it was built for another torch"
    return Diagnosis(subject, is_good=True, message=told, remedy=_pair(), is_here=False)


def _pair() -> str:
    """Say how to get the torchvision that was built for this torch.

    Where its version is the right one already, pip would leave the other build in place, so it has to be told.
    """
    from grader.sandbox.inside.torchvision_ops import build_of_torch

    torch, vision = (_version_of(name) for name in ("torch", "torchvision"))
    if not torch or not vision:
        return f"Install both from one index: `pip install torch torchvision --index-url {_INDEX}cpu`, say."
    public, _, build = torch.partition("+")
    index = f"--index-url {_INDEX}{build or build_of_torch()}"
    found = [_WANTED_TORCH.match(line) for line in importlib.metadata.requires("torchvision") or ()]
    wanted = next((one["version"] for one in found if one is not None), "")
    if wanted and wanted != public:
        return f"It is for torch {wanted}, torch {public} is here: `pip install torch=={public} torchvision {index}`."
    vision = vision.partition("+")[0] + (f"+{build}" if build else "")
    return (
        f"Install the torchvision that was built for this torch, in place of the one that is here: `pip install "
        f"--force-reinstall --no-deps torchvision=={vision} {index}`."
    )


def _version_of(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _datasets() -> list[Diagnosis]:
    """Say which data sets are here; one that is not makes the checks that want it use another, or be skipped."""
    findings = []
    for name in DATASETS:
        absence, remedy = absence_of(name)
        message = absence or origin_of_data(name)
        findings.append(Diagnosis(f"data set {name}", True, message, remedy=remedy, is_here=not absence))
    return findings
