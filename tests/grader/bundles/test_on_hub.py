"""What docs/where.md has an admin put into a hub's image: with it `%check` is there in every notebook."""

import re
from pathlib import Path

import nbclient
import nbformat

from grader.bundles.making import Destination, Wanted, bundle_files

PAGE = Path(__file__).parents[3] / "docs" / "where.md"


def test_the_extension_is_loaded(layout, mini, monkeypatch, tmp_path):
    """With the page's line in IPython's configuration, a kernel checks without having loaded anything."""
    (line,) = re.findall(r'echo "(c\.\w.+)" >> /etc/ipython/ipython_config.py', PAGE.read_text(encoding="utf-8"))
    (tmp_path / "profile_default").mkdir()
    (tmp_path / "profile_default" / "ipython_config.py").write_text(f"{line}\n", encoding="utf-8")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    kit = layout(bundle_files(mini, Wanted(Destination.GITHUB)))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%check leaky-relu")])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(kit)}}).execute()
    (output,) = notebook.cells[0].outputs
    assert "LeakyReLU  0/4" in output.data["text/plain"]
