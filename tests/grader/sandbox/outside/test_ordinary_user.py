"""Tests of grader.sandbox.outside.ordinary_user: what that user reaches; what it executes is tested with the walls."""

import tempfile
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.sandbox.outside.ordinary_user import is_reachable, refuse_closed


def test_a_link_to_a_closed_place(tmp_path):
    """A folder is out of reach where a link leads to a closed one."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        Path(folder, "open").mkdir(mode=0o755)
        (tmp_path / "closed").mkdir(mode=0o700)
        Path(folder, "link").symlink_to(tmp_path / "closed")
        assert is_reachable(Path(folder, "open"))
        assert not is_reachable(Path(folder, "link"))


def test_files_that_others_may_not_read(write_files, tmp_path):
    """Where the wall's user may not read what is shown, one sentence says what to type, as little as will do."""
    shown = write_files(tmp_path / "an environment", {"lib/os.py": "", "lib/torch/__init__.py": ""})
    shown.chmod(0o755)
    refuse_closed([shown / "lib" / "os.py"], [shown])
    (shown / "lib" / "torch").chmod(0o700)
    with pytest.raises(SandboxError) as caught:
        refuse_closed([shown / "lib" / "os.py", shown / "lib" / "torch" / "__init__.py"], [shown])
    closed = shown / "lib" / "torch"
    assert (
        caught.value.message == f"Where root builds the wall, it runs as an ordinary user, who may not read {closed}."
    )
    assert caught.value.remedy == f"`chmod -R o+rX '{closed}'` lets others read it."
    shown.chmod(0o700)
    with pytest.raises(SandboxError, match=r"`chmod o\+x .*` lets others read it\."):
        refuse_closed([shown / "lib" / "os.py"], [])
