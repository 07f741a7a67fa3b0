"""Make PyPI's torchvision importable beside a CPU-only torch.

Its compiled operators are built against CUDA, don't load there, and their absence stops `import torchvision`
("operator torchvision::nms does not exist"). `grader.sandbox.inside.preloading` and the tests call this before the
import.
"""

import functools
from importlib.machinery import PathFinder
from pathlib import Path

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def make_torchvision_importable() -> bool:
    """Declare the two operators that the import looks up, if the real ones are absent; return whether that was needed.

    Transforms, data sets and models then work; calling `torchvision.ops.nms` says that it has no kernel. Where the
    real operators load, or torchvision is not installed, nothing is done. May be called any number of times.
    """
    return _placeholders() is not None


def build_of_torch() -> str:
    """Return what torch's own index calls the build that is here: `cpu`, or `cu128` for CUDA 12.8."""
    cuda = torch.version.cuda
    return f"cu{cuda.replace('.', '')}" if cuda else "cpu"


@functools.cache
def _placeholders() -> torch.library.Library | None:
    """Return the library that holds the declarations for as long as this process lives, or None if it's not needed."""
    if _real_operators_load():
        return None
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    return library


def _real_operators_load() -> bool:
    """Tell whether torchvision's operators are there, or not wanted because torchvision isn't."""
    if hasattr(torch.ops.torchvision, "nms"):
        return True
    spec = PathFinder.find_spec("torchvision")  # past the finder that asks for this once somebody imports it
    if spec is None or not spec.submodule_search_locations:
        return True
    for folder in map(Path, spec.submodule_search_locations):
        for path in sorted([*folder.glob("_C*.so"), *folder.glob("_C*.pyd"), *folder.glob("_C*.dylib")]):
            try:
                torch.ops.load_library(path)  # type: ignore[no-untyped-call]
            except (OSError, ImportError):  # built for another torch, or for CUDA libraries that aren't here
                continue
            return True
    return False
