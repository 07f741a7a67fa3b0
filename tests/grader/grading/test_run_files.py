"""Tests of grader.grading.run_files: result files are shown as they are, and what can't be in them is told."""

import json

import pytest

from grader.courses.evidence import RunFiles
from grader.grading.run_files import view_runs

RUNS = RunFiles(
    "results/exp_L{layers}_K{filters}.json",
    {"layers": (2, 4), "filters": ([32], [64, 128])},
    config={"model_type": "cnn"},
    images={"train": 3000, "test": 500},
)
FIRST = "results/exp_L2_K32.json"


def _config(layers, filters, **changes):
    found = {"run_name": "exp", "layers": layers, "filters": filters, "model_type": "cnn", "lr": 0.1, "epochs": 9}
    return found | {"batches": 100, "bs_train": 50, "bs_test": 12} | changes


def _results(*, train=(10.0, 30.0, 50.0), test=(10.0, 40.0, 35.5)):
    return {"num_epochs": len(train), "train_acc": list(train), "test_acc": list(test)}


def _file(config, results):
    return json.dumps({"config": config, "results": results}).encode()


def _all():
    """Return the four files of the experiment, each sound and with results of its own."""
    sets = [(2, [32]), (2, [64, 128]), (4, [32]), (4, [64, 128])]
    return {
        f"results/exp_L{layers}_K{'-'.join(map(str, filters))}.json": _file(
            _config(layers, filters, pool_every=layers), _results(test=(10.0, 40.0, 30.0 + at))
        )
        for at, (layers, filters) in enumerate(sets)
    }


def _first(content):
    """Return what is remarked on the first file, among others that are sound."""
    notes = view_runs(RUNS, _all() | {FIRST: content}).notes
    return [note.removeprefix("`exp_L2_K32.json`").lstrip(": ") for note in notes if "K32.json`" in note]


def test_sound_files_are_a_table_and_drawings():
    """Files that are all there are listed and drawn, a line for each value of the first key; nothing is remarked."""
    view = view_runs(RUNS, _all())
    assert (view.missing, view.notes) == ("", ())
    assert [curve.name for curve in view.curves] == [
        "Training accuracy, filters = [32]",
        "Test accuracy, filters = [32]",
        "Training accuracy, filters = [64, 128]",
        "Test accuracy, filters = [64, 128]",
    ]
    assert [(line.name, line.values) for line in view.curves[1].lines] == [
        ("layers = 2", (10.0, 40.0, 30.0)),
        ("layers = 4", (10.0, 40.0, 32.0)),
    ]
    rows = view.text.splitlines()
    assert rows[1].split() == ["exp_L2_K32.json", "3", "50", "%", "40", "%", "2", "5,000", "1,200"]
    assert 'The same in all: model_type = "cnn", lr = 0.1, epochs = 9' in view.text
    assert "exp_L4_K32: pool_every = 4" in rows


def test_missing_files_are_named():
    """What is not there is named, and found under its name in another folder."""
    files = _all()
    content = files.pop(FIRST)
    assert view_runs(RUNS, files).missing == "1 of 4 files are missing: `exp_L2_K32.json`."
    assert view_runs(RUNS, files | {"hw2/my/exp_L2_K32.json": content}).missing == ""
    assert view_runs(RUNS, {}).text == ""


SOUND = _config(2, [32])
ODD = {
    "its name says layers = 2, its configuration 4": _file(_config(4, [32]), _results()),
    "its name says filters = [32], its configuration [64, 128]": _file(_config(2, [64, 128]), _results()),
    "its configuration does not say `layers`": _file({k: v for k, v in SOUND.items() if k != "layers"}, _results()),
    '`model_type` is "resnet", and has to be "cnn"': _file(SOUND | {"model_type": "resnet"}, _results()),
    "`model_type` is null": _file({k: v for k, v in SOUND.items() if k != "model_type"}, _results()),
    'it was written by a run called "other"': _file(SOUND | {"run_name": "other"}, _results()),
    "an epoch uses 100 training images, fewer than 3,000": _file(SOUND | {"bs_train": 1}, _results()),
    "an epoch uses 100 test images, fewer than 500": _file(SOUND | {"bs_test": 1}, _results()),
    "it has the figures of 3 epochs, and its configuration allows 2": _file(SOUND | {"epochs": 2}, _results()),
    "it has 3 accuracies in training and 2 in testing": _file(SOUND, _results(test=(1.0, 2.0))),
    "some of its accuracies are not between 0 and 100 %": _file(SOUND, _results(test=(1.0, 2.0, 101.0))),
    "some of its accuracies are no finite numbers": _file(SOUND, _results(test=(1.0, float("nan"), float("inf")))),
    "no finite numbers": _file(SOUND, _results(test=("1", True, None))),
    "it has no list `test_acc`": _file(SOUND, {"train_acc": [1.0]}),
    "it has no list `train_acc`": _file(SOUND, {"train_acc": {"a": 1}, "test_acc": 3}),
    "can't be read: it is no JSON": b"{",
    "can't be read: it does not hold `config` and `results`": b"[1, 2]",
    "it does not hold `config`": b'{"config": 3, "results": {}}',
    "can't be read: it is not UTF-8": b"\xff\xfe{}",
    "can't be read: it is nested too deeply": b"[" * 200_000,
    "at most 2 are read": b" " * (3 << 20),
    "can't be read: it is no JSON.": b'{"config": {}, "results": {"test_acc": [' + b"9" * 5000 + b"]}}",
}


@pytest.mark.parametrize(("words", "content"), ODD.items(), ids=ODD)
def test_what_cannot_be_is_told(words, content):
    """What can't come from the configuration in a file's name, or can't be read, is told, and no error."""
    assert any(words in note for note in _first(content)), _first(content)


def test_equal_results_of_different_runs_are_told():
    """Files of different configurations that hold the same numbers are named together."""
    files = _all()
    files["results/exp_L4_K32.json"] = _file(_config(4, [32]), json.loads(files[FIRST])["results"])
    assert view_runs(RUNS, files).notes == (
        "`exp_L2_K32.json`, `exp_L4_K32.json` hold the same results, number for number.",
    )


def test_endless_lists_and_strange_settings_stay_bounded():
    """A long curve is cut, and settings of any kind and length are a short line of plain text."""
    settings = {"note": "<b>\u202e\ud83d" + "x" * 10_000, "deep": [[[[1]]]], "many": list(range(10_000))}
    settings |= {f"key{at}": at for at in range(500)}
    run = _file(SOUND | settings, _results(train=(1.0,) * 100_000, test=(1e300, -1.0)))
    view = view_runs(RUNS, {FIRST: run})
    assert max(len(line.values) for curve in view.curves for line in curve.lines) == 5_000
    assert len(view.text) < 8_000
    assert "\u202e" not in view.text
    view.text.encode()


def test_batches_without_a_bound_use_all_images():
    """Where the configuration sets no bound, nothing is remarked on the number of images."""
    assert _first(_file(SOUND | {"batches": None}, _results())) == []
    assert "all" in view_runs(RUNS, {FIRST: _file(SOUND | {"batches": None}, _results())}).text


def test_equal_remarks_are_told_once():
    """What is odd about several files is said once, with their names."""
    files = _all()
    for name in (FIRST, "results/exp_L4_K32.json"):
        changed = json.loads(files[name])
        changed["config"]["bs_train"] = 1
        files[name] = json.dumps(changed).encode()
    assert view_runs(RUNS, files).notes == (
        "`exp_L2_K32.json`, `exp_L4_K32.json`: an epoch uses 100 training images, fewer than 3,000.",
    )
