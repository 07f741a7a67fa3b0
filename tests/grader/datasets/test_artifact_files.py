"""Tests of grader.datasets.artifact_files: weights are counted by their header, and never opened."""

import json
import struct

import pytest
import torch
from safetensors.torch import save

from grader.datasets import ArtifactFile, count_parameters
from grader.errors import CourseError


def test_parameters_are_counted_from_the_header():
    """All numbers of all tensors count."""
    weights = save({"w": torch.zeros(4, 3), "b": torch.zeros(4), "scale": torch.tensor(1.0)}, metadata={"by": "ann"})
    assert count_parameters(ArtifactFile("w.safetensors", weights)) == 17


def test_a_header_that_lies_is_not_believed():
    """A header that claims more than the file holds is refused."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 39], "data_offsets": [0, 4]}}).encode()
    content = struct.pack("<Q", len(header)) + header + b"0000"
    with pytest.raises(AssertionError, match=r"The file's tensor 'w' has a header that contradicts itself"):
        count_parameters(ArtifactFile("w.safetensors", content))


def test_a_pickle_is_never_opened_here():
    """What only opens with `torch.load` is refused as the course's mistake."""
    with pytest.raises(CourseError, match=r"`w\.pt` can't be opened on the trusted side\. Ask students for"):
        count_parameters(ArtifactFile("w.pt", b"anything"))
