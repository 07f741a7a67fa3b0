"""Probe of the training loop that stands in the notebook itself: it is run here with figures that are known before.

`train` writes the number of the epoch into every parameter, and `evaluate` returns what the check says. So what is
saved, and what is tested in the end, tells which epoch it comes from.
"""

import ast
import contextlib
import copy
import io
import os
from pathlib import Path

import torch
from torch import nn

from grader.notebook_probes import run_statement, statements_of
from grader.probes import probe

LOAD_STATE = nn.Module.load_state_dict


class Script:
    """Stand in for training and measuring: figures of each epoch come from a table, rows (loss, accuracy)."""

    def __init__(self, notebook, **tables):
        self.notebook = notebook
        self.tables = tables
        self.epoch = 0
        self.files = {}
        self.saved = []
        self.tested = []
        self.models = []
        self.is_by_reference = False
        self.has_loaded = False

    def begin(self):
        """Forget the epochs of a loop that was no more than a try."""
        self.epoch, self.saved = 0, []

    def train(self, model, *_arguments, **_options):
        """Write the number of the epoch into the model, and return the epoch's training figures."""
        self.epoch += 1
        if all(model is not other for other in self.models):
            self.models.append(model)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(float(self.epoch))
        return self._figures("train")

    def evaluate(self, model, iterator=None, *_arguments, **_options):
        """Return the epoch's figures of the part that the iterator stands for, and note what is tested."""
        known = {part: getattr(self.notebook, f"{part}_iterator", self) for part in ("test", "train")}
        part = next((part for part, loader in known.items() if iterator is loader), "valid")
        if part == "valid" and getattr(iterator, "dataset", self) is getattr(self.notebook, "test_data", None):
            part = "test"  # a loader of their own
        if part == "test":
            self.tested.append(stamp_of(model))
        return self._figures(part)

    def _figures(self, part):
        table = self.tables[part]
        if not self.epoch:
            return 9.0, 0.0
        beyond = max(0, self.epoch - len(table))
        loss, accuracy = table[min(self.epoch, len(table)) - 1]
        return loss + 0.01 * beyond, accuracy

    def load_state(self, model, state_dict, *arguments, **options):
        """Load a state into a model, and note whether it is the model's own, which nothing would change."""
        self.has_loaded = True
        own = {value.data_ptr() for value in model.state_dict().values()}
        values = getattr(state_dict, "values", tuple)()
        given = {value.data_ptr() for value in values if isinstance(value, torch.Tensor)}
        self.is_by_reference |= bool(given) and given <= own
        return LOAD_STATE(model, state_dict, *arguments, **options)

    def save(self, thing, file, *_arguments, **_options):
        """Keep a copy of what is saved, and note which epoch it comes from."""
        self.files[name_of(file)] = copy.deepcopy(thing)
        self.saved.append(stamp_of(thing))

    def load(self, file, *_arguments, **_options):
        """Return a copy of what was saved under this name."""
        if name_of(file) not in self.files:
            raise FileNotFoundError(f"No such file: {str(file)!r}; nothing was saved under that name.")
        self.has_loaded = True
        return copy.deepcopy(self.files[name_of(file)])


def name_of(file):
    """Return the path that a file is known by, whether it is given by its name or opened."""
    name = getattr(file, "name", file)
    return str(Path(name).absolute()) if isinstance(name, str | os.PathLike) else repr(file)


def stamp_of(thing):
    """Return the number that `train` wrote into a model, or into what was saved of one; None where there is none."""
    if isinstance(thing, nn.Module):
        thing = thing.state_dict()
    if isinstance(thing, torch.Tensor):
        return float(thing.flatten()[0]) if thing.numel() and thing.is_floating_point() else None
    values = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list | tuple) else ()
    stamps = (stamp_of(value) for value in values)
    return next((stamp for stamp in stamps if stamp is not None), None)


@probe(needs=["notebook_best_model"])
def training_loop(*, train, valid, test):
    """Run the statement of the notebook that trains epoch by epoch and saves, and what follows it up to the test.

    Returns which epoch each file that was saved comes from, and which one was tested.
    """
    import notebook_best_model as notebook
    from notebook_best_model import evaluate as _evaluate  # noqa: F401 - a missing one is told
    from notebook_best_model import train as _train  # noqa: F401

    script = Script(notebook, train=train, valid=valid, test=test)
    with scripted(notebook, script, epochs=len(valid)), quiet():
        rest = run_loop(script, own_statements("notebook_best_model"), epochs=len(valid))
        epochs, saved = script.epoch, list(script.saved)
        script.tested.clear()
        script.has_loaded = False
        failed = ""
        for statement in rest:
            if script.tested:
                break
            try:
                run_statement(statement, vars(notebook))
            except Exception as err:  # what the rest of the notebook does is not asked here
                failed = failed or f"cell {statement.cell}: {type(err).__name__}: {err}"[:300]
    return {
        "epochs": epochs,
        "saved": numbered(saved),
        "below": bool(script.saved) and not saved,
        "tested": numbered(script.tested[:1]),
        "failed": failed,
        "by reference": script.is_by_reference,
        "loaded": script.has_loaded,
        "would save": any("save" in names_in(one.node) for one in statements_of("notebook_best_model")),
    }


def numbered(stamps):
    """Return the stamps with -1 where there is none."""
    return [-1.0 if stamp is None else stamp for stamp in stamps]


@contextlib.contextmanager
def quiet():
    """Keep back what is printed: figures that are made up would only confuse."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def run_loop(script, statements, *, epochs):
    """Run statements that train until one of them has saved; return those below it.

    One that trains and saves nothing, such as a try of `train` further up, counts only where none saves. Raises what
    the first one raised that had trained; where nothing trains, what the first one raised that should have.
    """
    tries, training = [], that_may_train()
    for place, statement in enumerate(statements):
        if training(statement):
            script.begin()
            failure = run_as_found(script, statements, place, epochs=epochs)
            tries.append((bool(script.saved) and failure is None, script.epoch, list(script.saved), failure, place))
            if tries[-1][0]:
                break
    if not tries:
        return []
    trained = [one for one in tries if one[1]]
    chosen = next((one for one in trained if one[0]), next((one for one in trained if one[3]), (trained or tries)[0]))
    _, script.epoch, script.saved, failure, place = chosen
    if failure is not None:
        raise failure
    return statements[place + 1 :]


def that_may_train():
    """Return a function that tells whether a statement can get to `train`, or trains by itself.

    A name is enough, also in a function of the notebook that the statement names: what it does shows when it runs.
    """
    functions = {}
    for statement in statements_of("notebook"):
        for node in ast.walk(statement.node):
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, set()).update(names_in(node))
    trains, more = set(), {"train", "backward", "step"}
    while more:
        trains |= more
        more = {name for name, names in functions.items() if name not in trains and names & trains}
    return lambda statement: bool(names_in(statement.node) & trains)


def names_in(node):
    """Return the names and attributes that a piece of code reads."""
    inner = list(ast.walk(node))
    return {one.id for one in inner if isinstance(one, ast.Name)} | {
        one.attr for one in inner if isinstance(one, ast.Attribute)
    }


def run_as_found(script, statements, place, *, epochs):
    """Run a statement, and again what stands above it in its cell: cells further down may have set that otherwise.

    Returns what the statement raised, None where it ran.
    """
    training = that_may_train()
    for one in statements[:place]:
        if one.cell == statements[place].cell and not training(one):
            with contextlib.suppress(Exception):
                run_statement(one, vars(script.notebook))
    set_epochs(script.notebook, epochs)
    try:
        run_statement(statements[place], vars(script.notebook))
    except Exception as err:
        return err
    return None


def own_statements(module):
    """Return the statements of the notebook that define nothing, as far as a state of it goes."""
    return [statement for statement in statements_of(module) if not statement.is_definition]


@contextlib.contextmanager
def scripted(notebook, script, *, epochs):
    """Let the notebook train and measure by the script, for this many epochs, and save into it."""
    before = torch.save, torch.load
    for name, value in what_a_loop_needs().items():
        vars(notebook).setdefault(name, value)
    notebook.train, notebook.evaluate = script.train, script.evaluate
    torch.save, torch.load = script.save, script.load
    nn.Module.load_state_dict = lambda model, *arguments, **options: script.load_state(model, *arguments, **options)
    set_epochs(notebook, epochs)
    try:
        yield
    finally:
        torch.save, torch.load = before
        nn.Module.load_state_dict = LOAD_STATE


def set_epochs(notebook, epochs):
    """Set the number of epochs, by whatever name a notebook knows it."""
    for name, value in list(vars(notebook).items()):
        if name.lower() in ("epochs", "n_epochs", "num_epochs") and isinstance(value, int):
            setattr(notebook, name, epochs)


def what_a_loop_needs():
    """Return what the cells above the loop set, for a notebook in which one of them does not work yet."""
    model = nn.Linear(4, 2)
    iterators = {f"{part}_iterator": [part] for part in ("train", "valid", "test")}
    rest = {"optimizer": torch.optim.Adam(model.parameters()), "criterion": nn.CrossEntropyLoss()}
    return {"model": model, "device": torch.device("cpu"), **rest, **iterators}


def models_that_train(notebook, module):
    """Return the models that the notebook's own statements train, without training any."""
    row = [[1.0, 0.5]]
    script, training = Script(notebook, train=row, valid=row, test=row), that_may_train()
    with scripted(notebook, script, epochs=1):
        for statement in own_statements(module):
            if training(statement):
                with contextlib.suppress(Exception):
                    run_statement(statement, vars(notebook))
    return script.models
