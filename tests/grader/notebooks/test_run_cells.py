"""Tests of grader.notebooks.run_cells: the cells that are asked for are found however students changed them."""

from grader.notebooks.document import Cell, CellKind
from grader.notebooks.run_cells import find_run_cells

GIVEN = ("intro", "define = 1", "history = train_model(net, loader, epochs=10)", "plt.plot(history)\nplt.show()", "end")
NAMES = ("intro", "model", "train", "plot", "end")


def _cells(*rows):
    return [Cell(at, CellKind.CODE, source, (name,)) for at, (name, source) in enumerate(rows, start=1)]


REFERENCE = _cells(*zip(NAMES, GIVEN, strict=True))


def _found(*rows):
    return find_run_cells(_cells(*rows), ["train", "plot"], REFERENCE)


def test_cells_are_known_by_their_names():
    """A cell of the template counts whatever was made of it."""
    assert _found(("model", "x"), ("train", "all of it is new"), ("plot", "")) == {"train": (2,), "plot": (3,)}


def test_cells_are_known_by_their_text():
    """Where names are lost, the same text counts, however it is spaced."""
    assert _found(("", GIVEN[2].replace(" ", "  ")), ("", GIVEN[3])) == {"train": (1,), "plot": (2,)}


def test_cells_are_known_by_most_of_their_words():
    """A copy with other numbers and no name is still the cell."""
    assert _found(("model", "x"), ("", "history = train_model(net, loader, epochs=100, lr=1)"), ("plot", "y"))[
        "train"
    ] == (2,)


def test_cells_right_below_belong_to_it():
    """Who splits a cell, or adds cells below it, shows all of them; those of the template end it."""
    rows = (("train", "a"), ("", "b = 1"), ("", "print(b)"), ("plot", "c"), ("end", "d"), ("", "e"))
    assert _found(*rows) == {"train": (1, 2, 3), "plot": (4,)}


def test_what_stands_in_its_place_counts():
    """Where the cell is gone, the student's own cells between its neighbours are taken for it."""
    assert _found(("model", "x"), ("", "own = 1"), ("plot", "c"))["train"] == (2,)


def test_a_deleted_cell_is_missing():
    """Nothing stands for a cell that was deleted, and none is taken for a name that nobody knows."""
    assert _found(("intro", "x"), ("model", "y"), ("end", "z")) == {"train": (), "plot": ()}
    assert find_run_cells(REFERENCE, ["unheard-of"], REFERENCE) == {"unheard-of": ()}
    assert find_run_cells([], ["train"], REFERENCE) == {"train": ()}
