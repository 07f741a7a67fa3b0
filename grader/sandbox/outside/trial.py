"""Try a wall: run a probe on a tiny submission behind it, and report what happened.

`grader.doctor` tries each wall of a machine, `grader.runs.grading_process_main` the one that it is about to grade
behind.
"""

import contextlib
from dataclasses import dataclass

from grader.errors import SandboxError
from grader.sandbox.outside.servers import Server, open_in
from grader.sandbox.outside.walls import remedy_for
from grader.sandbox.wire.limits import Limits
from grader.sandbox.wire.protocol import Ending, ProbeCall

_TRIAL = b"""
from grader.probes import probe
import torch

@probe(needs=["student"])
def trial(*, x):
    import student
    return {"y": student.double(x)}
"""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Say whether one thing works, what was seen, and what to do if it doesn't.

    What is good and yet not here (`is_here` is False) is missed only by those who want it.
    """

    subject: str
    is_good: bool
    message: str
    remedy: str = ""
    is_here: bool = True

    @property
    def mark(self) -> str:
        """Return ✓ for what works, – for what is not here and need not be, ✗ for what fails."""
        if not self.is_good:
            return "✗"
        return "✓" if self.is_here else "–"


def try_server(server: Server) -> Diagnosis:
    """Run a probe on a tiny submission behind the wall of what submissions are opened in, and report what happened."""
    import torch

    wall = server.wall
    subject = f"wall `{wall}`" + (" with a card" if server.device == "cuda" else "")
    try:
        files = {"student.py": b"def double(x):\n    return 2 * x\n"}
        opened = open_in(server, files=files, probes={"probes.py": _TRIAL}, limits=Limits())
        with contextlib.closing(opened) as sandbox:
            outcome = sandbox.run(ProbeCall("trial", {"x": torch.ones(2)}, device=server.device))
    except SandboxError as err:
        return Diagnosis(subject, is_good=False, message=err.message, remedy=err.remedy)
    if outcome.ending is not Ending.OK or float(outcome.outputs["y"].sum()) != 4.0:
        said = f"{outcome.error.type}: {outcome.error.message}" if outcome.error is not None else outcome.detail
        return Diagnosis(subject, is_good=False, message=said, remedy=_remedy(server))
    if server.device == "cuda" and not outcome.devices.get("y", "").startswith("cuda"):
        return Diagnosis(subject, is_good=False, message="its tensors were not on the card", remedy=_remedy(server))
    return Diagnosis(subject, is_good=True, message=f"a trial run took {1000 * outcome.wall_s:.0f} ms")


def _remedy(server: Server) -> str:
    if server.device == "cuda":
        return "torch has to be built for CUDA, and the user of the wall to be allowed to open /dev/nvidia*."
    return remedy_for(server.wall)
