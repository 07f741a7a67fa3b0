"""Promises of docs/examples.md: each assignment of the page can be recorded, handed out and audited as it stands."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "examples.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?:python|toml)\n# ([\w./-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SLUGS = {"numpy-net": 8, "attention": 5}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("slug", SLUGS)
def test_an_example_is_whole(run_grader, write_files, tmp_path, slug):
    """The files of the page alone make a course in which an audit finds no violation, and each mistake is caught."""
    files = {place: text for place, text in BLOCK.findall(PAGE) if slug in Path(place).parts}
    assert Path("reference", slug) in {Path(place).parent for place in files}
    write_files(tmp_path, files)
    for verb in ("record", "template", "audit"):
        ended = run_grader(verb, slug, cwd=tmp_path, timeout_s=500)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{SLUGS[slug]} of {SLUGS[slug]} mistakes caught" in ended.stdout
    assert "no violations" in ended.stdout


def test_every_block_of_the_page_belongs_to_an_example():
    """No file of the page is left out by the test above."""
    assert {part for place, _ in BLOCK.findall(PAGE) for part in Path(place).parts} >= set(SLUGS)
    assert all(set(Path(place).parts) & set(SLUGS) for place, _ in BLOCK.findall(PAGE))
