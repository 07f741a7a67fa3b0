"""Try a wall: run a probe on a tiny submission behind it, and report what happened.

`grader.doctor` tries each wall of a machine, `grader.runs.grading_process_main` the one that it is about to grade
behind.
"""

from dataclasses import dataclass

from grader.errors import SandboxError
from grader.sandbox.outside.forkserver_client import ForkServer
from grader.sandbox.outside.host import WalledSandbox
from grader.sandbox.outside.walls import Wall
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
    """Say whether one thing works, what was seen, and what to do if it doesn't."""

    subject: str
    is_good: bool
    message: str
    remedy: str = ""


def try_server(server: ForkServer) -> Diagnosis:
    """Run a probe on a tiny submission behind the wall of a running fork server, and report what happened."""
    import torch

    wall = server.wall
    subject = f"wall `{wall}`" + (" with a card" if server.device == "cuda" else "")
    try:
        files = {"student.py": b"def double(x):\n    return 2 * x\n"}
        with WalledSandbox(server, files=files, probes={"probes.py": _TRIAL}, limits=Limits()) as sandbox:
            outcome = sandbox.run(ProbeCall("trial", {"x": torch.ones(2)}, device=server.device))
    except SandboxError as err:
        return Diagnosis(subject, is_good=False, message=err.message, remedy=err.remedy)
    if outcome.ending is not Ending.OK or float(outcome.outputs["y"].sum()) != 4.0:
        said = f"{outcome.error.type}: {outcome.error.message}" if outcome.error is not None else outcome.detail
        return Diagnosis(subject, is_good=False, message=said, remedy=_remedy(server))
    if server.device == "cuda" and not outcome.devices.get("y", "").startswith("cuda"):
        return Diagnosis(subject, is_good=False, message="its tensors were not on the card", remedy=_remedy(server))
    return Diagnosis(subject, is_good=True, message=f"a trial run took {1000 * outcome.wall_s:.0f} ms")


def _remedy(server: ForkServer) -> str:
    if server.device == "cuda":
        return "torch has to be built for CUDA, and the user of the wall to be allowed to open /dev/nvidia*."
    if server.wall is Wall.BUBBLEWRAP:
        return (
            "Unprivileged user namespaces must be allowed (`sysctl kernel.unprivileged_userns_clone=1`; on Ubuntu an "
            "AppArmor profile for bwrap; in a container, its runtime's permission)."
        )
    return "Processes can't be forked here."
