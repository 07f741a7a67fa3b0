"""Make the virtual environment that another grader runs in: its own, once, with the versions that are compared.

`peer_tools.py` runs what is installed here.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ENVIRONMENTS = Path(__file__).resolve().parents[1] / ".bench" / "peers"


@dataclass(frozen=True)
class Environment:
    """Hold a virtual environment's folder."""

    folder: Path

    def command(self, name: str) -> str:
        """Return the path of an installed command."""
        return str(self.folder / "bin" / name)

    def variables(self, home: Path) -> dict[str, str]:
        """Return environment variables under which this environment comes first and no one's own settings are read."""
        home.mkdir(parents=True, exist_ok=True)
        foreign = ("PYTHON", "JUPYTER", "VIRTUAL")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**kept, "PATH": f"{self.folder / 'bin'}{os.pathsep}{kept['PATH']}", "HOME": str(home)}


def environment(name: str, *requirements: str) -> Environment:
    """Return the environment of that name with these requirements and our own torch; make it unless it is complete."""
    wanted = [*requirements, f"torch=={version('torch').partition('+')[0]}"]
    folder = ENVIRONMENTS / name
    proof = folder / "complete"
    if not proof.exists() or proof.read_text(encoding="utf-8").split() != wanted:
        print(f"making the environment of {name}: this takes minutes, once", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        python = str(folder / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *wanted], check=True)
        proof.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    return Environment(folder)
