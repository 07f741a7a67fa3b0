"""Tests of cards: the cards that a driver tells of, those that may be used, and how many submissions fit."""

import pytest

from grader.errors import SandboxError
from grader.runs.cards import GraphicsCard, seats, usable_cards

TWO = "0, GPU-aaaa-1, 40000\n1, GPU-bbbb-2, 3000\n"


@pytest.fixture
def driver(monkeypatch, tmp_path):
    """Return a function that puts a program in place of nvidia-smi, which says what it is given."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    program = tmp_path / "nvidia-smi"

    def says(text, *, status=0):
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}END\nexit {status}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return says


def test_all_cards(driver):
    """Without a choice all cards are usable, with the memory that is free on each."""
    driver(TWO)
    assert usable_cards() == [GraphicsCard("0", 40000.0), GraphicsCard("1", 3000.0)]


@pytest.mark.parametrize(
    ("chosen", "cards"),
    [
        ("1", [GraphicsCard("1", 3000.0)]),
        ("1,0", [GraphicsCard("1", 3000.0), GraphicsCard("0", 40000.0)]),
        ("gpu-BBBB", [GraphicsCard("gpu-BBBB", 3000.0)]),
        ("MIG-1234,0", [GraphicsCard("MIG-1234", None), GraphicsCard("0", 40000.0)]),
        ("", []),
        ("-1", []),
        ("0,-1,1", [GraphicsCard("0", 40000.0)]),
        ("7,0", []),
        (" 0 , 1 ", [GraphicsCard("0", 40000.0), GraphicsCard("1", 3000.0)]),
    ],
)
def test_chosen_cards(driver, monkeypatch, chosen, cards):
    """CUDA_VISIBLE_DEVICES chooses as CUDA itself understands it: by number or identity, up to the first unknown."""
    driver(TWO)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert usable_cards() == cards


@pytest.mark.parametrize("said", ["", "No devices were found\n", "x, y, z\n", "0, GPU-a\n"])
def test_a_driver_without_cards(driver, said):
    """What is no line about a card is none."""
    driver(said)
    assert usable_cards() == []


def test_memory_that_the_driver_does_not_know(driver):
    """A card whose memory isn't told is there all the same."""
    driver("0, GPU-a, [N/A]\n")
    assert usable_cards() == [GraphicsCard("0", None)]


def test_a_driver_that_fails_or_is_missing(driver, monkeypatch, tmp_path):
    """Where nvidia-smi fails or isn't installed there are no cards."""
    driver(TWO, status=9)
    assert usable_cards() == []
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert usable_cards() == []


def test_seats_are_taken_in_turn():
    """All cards have a submission before one has a second; CUDA's own memory counts, an unknown card takes one."""
    cards = [
        GraphicsCard("0", 3 * 2648.0),
        GraphicsCard("1", 2648.0),
        GraphicsCard("2", None),
        GraphicsCard("3", 2000.0),
    ]
    assert seats(cards, gpu_mib=2048) == ["0", "1", "2", "0", "0"]


@pytest.mark.parametrize(
    ("cards", "words"),
    [
        ([], "No CUDA device is here for `--device cuda`: nvidia-smi lists none that may be used."),
        (
            [GraphicsCard("0", 900.0), GraphicsCard("1", 1000.0)],
            "A submission needs up to 2648 MiB of a card, with CUDA itself, but only 1000 are free.",
        ),
    ],
)
def test_no_seat(cards, words):
    """Where no submission fits, the reason and the remedy are told."""
    with pytest.raises(SandboxError) as raised:
        seats(cards, gpu_mib=2048)
    assert raised.value.message == words
    assert raised.value.remedy
