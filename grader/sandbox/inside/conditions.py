"""The conditions under which a probe runs: its seed, torch's default type and threads, its share of a graphics card.

`grader.sandbox.inside.probe_process` sets them beside the student's code. CUDA can't be used in the fork of a process
that has started it, so only a probe's own fork starts it.
"""

import contextlib
import random
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from grader.sandbox.wire.kinds import rebuilt
from grader.sandbox.wire.limits import MIB

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


@contextlib.contextmanager
def conditions_of(call: Mapping[str, Any]) -> Iterator[None]:
    """Seed the generators and set torch's default type and threads for one probe, and start CUDA if it is wanted."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(_DTYPES[call["dtype"]])
    if call["threads"] != threads:
        torch.set_num_threads(call["threads"])
    torch.default_generator.manual_seed(call["seed"])  # docs/decisions.md#seeding-one-generator
    if call["device"] == "cuda":
        _use_card(seed=call["seed"], gpu_mib=call["gpu_mib"])
    random.seed(call["seed"])
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(call["seed"] % 2**32)
    try:
        yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def _use_card(*, seed: int, gpu_mib: float) -> None:
    """Start CUDA, let torch take `gpu_mib` of the card's memory at most, and make its results repeat."""
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, gpu_mib * MIB / total))
    torch.cuda.manual_seed_all(seed)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def on_device(value: Any, device: str) -> Any:
    """Return a probe's input with all its tensors on the device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, Mapping):
        return {name: on_device(part, device) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return rebuilt(value, [on_device(part, device) for part in value])
    return value
