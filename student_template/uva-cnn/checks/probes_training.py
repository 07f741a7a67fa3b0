"""The probe that trains: labels of the test images never come in, predictions go out."""

import tempfile
from pathlib import Path

import torch
from probes import copied
from torch.utils.data import DataLoader, TensorDataset

from grader.probes import probe


@probe(needs=["notebook_module"])
def trained_resnet(
    *, train_x, train_y, valid_x, valid_y, test_x, model_hparams, optimizer_hparams, max_epochs, batch_size, seed=None
):
    """Train with train_model; return the scores of the returned model for validation and test images, and its results.

    With them come the scores of a network that was trained with the learning rate 0. The labels of the test images are
    not here: the validation data takes their place in `data_loaders`.
    """
    import notebook_module as notebook

    if seed is not None:  # calibration only: train_model seeds by itself
        notebook.pl.seed_everything = lambda *_arguments, **_options: torch.manual_seed(seed)
    if hasattr(notebook, "device"):
        notebook.device = torch.device("cpu")
    parts = {"train": (train_x, train_y), "val": (valid_x, valid_y), "test": (valid_x, valid_y)}
    loaders = {
        name: DataLoader(TensorDataset(x.clone(), y.clone()), batch_size=batch_size, shuffle=name == "train")
        for name, (x, y) in parts.items()
    }

    def train(epochs, rates):
        with tempfile.TemporaryDirectory() as folder:
            notebook.CHECKPOINT_PATH = str(Path(folder) / "saved")
            Path(notebook.CHECKPOINT_PATH).mkdir()
            return notebook.train_model(
                save_name="ResNet",
                max_epochs=epochs,
                data_loaders=loaders,
                model_hparams=dict(model_hparams),
                optimizer_hparams=rates,
            )

    model, results = train(max_epochs, dict(optimizer_hparams))
    untrained, _ = train(min(10, max_epochs), optimizer_hparams | {"lr": 0.0})  # the first epoch that is validated
    return {
        "test scores of an untrained network": _scores(untrained, test_x),
        "validation scores": _scores(model, valid_x),
        "test scores": _scores(model, test_x),
        "reported": {name: float(value) for name, value in results.items()},
    }


@torch.no_grad()
def _scores(model, x):
    model.eval()
    return torch.cat([copied(model(part.clone())) for part in x.split(256)])
