"""A wheel of the grader that runs, however it was installed: what a bundle brings along.

`grader.bundles.making` puts it beside the course, so that what grades there is what was tried here.
"""

import base64
import hashlib
import importlib.metadata
from pathlib import Path

import grader
from grader.bundles.contents import zipped
from grader.errors import BundleError

_NAME = "torchgrade"
_KEPT = ("METADATA", "entry_points.txt", "licenses/LICENSE")
_WHEEL = "Wheel-Version: 1.0\nGenerator: torchgrade\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def own_wheel() -> tuple[str, bytes]:
    """Return the file name of a wheel of this very package, and its bytes.

    Raises BundleError where the package runs from its source and was never installed.
    """
    try:
        installed = importlib.metadata.distribution(_NAME)
    except importlib.metadata.PackageNotFoundError as err:
        raise BundleError(
            "The grader runs from its source and is not installed, so nothing says what it depends on.",
            remedy="`pip install -e .` in its folder, or name with `--grader` what pip is to install.",
        ) from err
    stem = f"{_NAME}-{installed.version}"
    package = Path(grader.__file__).parent
    files = {
        f"grader/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    about = {name: installed.read_text(name) for name in _KEPT}
    files |= {f"{stem}.dist-info/{name}": text.encode() for name, text in about.items() if text}
    files[f"{stem}.dist-info/WHEEL"] = _WHEEL.encode()
    record = f"{stem}.dist-info/RECORD"
    rows = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    files[record] = "\n".join([*rows, f"{record},,", ""]).encode()
    return f"{stem}-py3-none-any.whl", zipped(files)


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
