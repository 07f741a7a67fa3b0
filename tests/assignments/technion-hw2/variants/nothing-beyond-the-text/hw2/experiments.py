"""A variant of hw2.experiments that names the stride of its convolutions, as hw2.cnn beside it wants it."""

import argparse
import json
import random
from pathlib import Path

import torch
from cs236781.train_results import FitResult
from torch.utils.data import DataLoader

from hw2.classifier import ArgMaxClassifier, BinaryClassifier, select_roc_thresh
from hw2.cnn import CNN, ResNet, YourCNN
from hw2.mlp import MLP
from hw2.training import ClassifierTrainer

DATA_DIR = Path("~/.pytorch-datasets").expanduser()
MODEL_TYPES = {"cnn": CNN, "resnet": ResNet, "ycn": YourCNN}


def mlp_experiment(depth, width, dl_train, dl_valid, dl_test, n_epochs):
    """Train a binary MLP classifier of two features, and return (model, thresh, valid_acc, test_acc).

    depth, width: the number of hidden layers, and of features that come out of each.
    dl_train, dl_valid, dl_test: loaders; their `dataset.tensors` hold samples (N, 2) and labels (N,).
    n_epochs: how often the training set is gone through.

    The threshold is the one that select_roc_thresh finds on the validation set, and the returned model uses it.
    `valid_acc` is the accuracy on the validation set in the last epoch, `test_acc` the one on the test set with that
    threshold; both are in percent.
    """
    model = BinaryClassifier(
        MLP(in_dim=2, dims=[width] * depth + [2], nonlins=["tanh"] * depth + ["none"]),
        threshold=0.5,
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    trainer = ClassifierTrainer(model, torch.nn.CrossEntropyLoss(), optimizer)
    fit_result = trainer.fit(dl_train, dl_valid, num_epochs=n_epochs, print_every=0)
    valid_acc = fit_result.test_acc[-1]

    thresh = select_roc_thresh(model, *dl_valid.dataset.tensors)
    model.threshold = thresh
    model.train(False)
    samples, labels = dl_test.dataset.tensors
    with torch.no_grad():  # the trainer beside this file goes by the larger score, whatever the threshold
        test_acc = 100 * float((model.classify(samples) == labels).float().mean())
    return model, thresh, valid_acc, test_acc


def cnn_experiment(
    run_name,
    out_dir="./results",
    seed=None,
    device=None,
    bs_train=128,
    bs_test=None,
    batches=100,
    epochs=100,
    early_stopping=3,
    checkpoints=None,
    lr=1e-3,
    reg=1e-3,
    filters_per_layer=(64,),
    layers_per_block=2,
    pool_every=2,
    hidden_dims=(1024,),
    model_type="cnn",
    **kw,
):
    """Train a network on CIFAR-10, and write how that went to a file that load_experiment reads.

    The file is `out_dir`/`run_name`_L{}_K{}.json, with layers_per_block and filters_per_layer in the braces
    (`exp1_L2_K32-64.json`). It holds all arguments, so that the run can be repeated, and the FitResult.

    seed: of everything random; None draws one, and the file tells which.
    device: "cpu" or "cuda"; None takes the GPU where there is one.
    bs_train, bs_test: batch sizes; None for the second takes a quarter of the first.
    batches: how many batches an epoch has at most, for training and for testing.
    epochs, early_stopping, checkpoints: as for Trainer.fit.
    lr, reg: learning rate and strength of the regularization.
    filters_per_layer, layers_per_block: K and L. Every number in K is the number of filters of L convolutions in a row.
    pool_every, hidden_dims: as for the network.
    model_type: a name from MODEL_TYPES.
    kw: further arguments of the network.
    """
    config = dict(locals())
    if model_type not in MODEL_TYPES:
        raise ValueError(f"model_type is {model_type!r}; it has to be one of {', '.join(MODEL_TYPES)}.")
    if seed is None:
        config["seed"] = random.randrange(2**31)
    if bs_test is None:
        bs_test = config["bs_test"] = max(bs_train // 4, 1)
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(config["seed"])
    dl_train = DataLoader(load_cifar10(train=True), bs_train, shuffle=True)
    dl_test = DataLoader(load_cifar10(train=False), bs_test, shuffle=False)

    channels = [filters for filters in filters_per_layer for _ in range(layers_per_block)]
    options = {"conv_params": {"kernel_size": 3, "stride": 1, "padding": 1}, "pooling_params": {"kernel_size": 2}, **kw}
    model = MODEL_TYPES[model_type]((3, 32, 32), 10, channels, pool_every, hidden_dims, **options)
    classifier = ArgMaxClassifier(model).to(device)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=lr, weight_decay=reg)
    trainer = ClassifierTrainer(classifier, torch.nn.CrossEntropyLoss(), optimizer, device)
    fit_res = trainer.fit(
        dl_train,
        dl_test,
        num_epochs=epochs,
        checkpoints=checkpoints,
        early_stopping=early_stopping,
        max_batches=batches,
    )

    save_experiment(run_name, out_dir, config, fit_res)


def load_cifar10(train):
    """Return CIFAR-10's training or test set; it is downloaded where it is not there yet."""
    from torchvision.datasets import CIFAR10  # imported here, since experiments without images don't need it
    from torchvision.transforms import ToTensor

    return CIFAR10(root=DATA_DIR, train=train, download=True, transform=ToTensor())


def save_experiment(run_name, out_dir, config, fit_res):
    """Write an experiment's arguments and its FitResult to a JSON file, and say where it is."""
    filters = "-".join(str(number) for number in config["filters_per_layer"])
    path = Path(out_dir) / f"{run_name}_L{config['layers_per_block']}_K{filters}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    output = {"config": config, "results": fit_res._asdict()}
    path.write_text(json.dumps(output, indent=2, default=_as_json), encoding="utf-8")
    print(f"*** Output file {path} written")


def _as_json(value):
    """Return numbers for tensors and arrays, and words for a device or a path."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def load_experiment(path):
    """Return (config, fit_res): the arguments of an experiment as a dict, and its FitResult."""
    output = json.loads(Path(path).read_text(encoding="utf-8"))
    return output["config"], FitResult(**output["results"])


def parse_cli(argv=None):
    """Return the arguments of cnn_experiment that the command line `run-exp …` asks for, as a dict.

    What isn't on the command line is left out: cnn_experiment has its own defaults.
    """
    parser = argparse.ArgumentParser(prog="python -m hw2.experiments", description="Experiments of homework 2")
    commands = parser.add_subparsers(required=True, metavar="run-exp")
    run = commands.add_parser("run-exp", help="train one network", argument_default=argparse.SUPPRESS)
    add = run.add_argument
    add("--run-name", "-n", required=True, help="name of the run: the file's name begins with it")
    add("--out-dir", "-o", help="folder for the file (default: ./results)")
    add("--seed", "-s", type=int, help="seed of everything random (default: drawn)")
    add("--device", "-d", help="cpu or cuda (default: cuda where it is there)")
    add("--bs-train", type=int, help="samples in a training batch")
    add("--bs-test", type=int, help="samples in a test batch")
    add("--batches", type=int, help="batches in an epoch, at most")
    add("--epochs", type=int, help="epochs, at most")
    add("--early-stopping", type=int, help="stop after so many epochs without improvement")
    add("--checkpoints", help="save the model to this file when it improves")
    add("--lr", type=float, help="learning rate")
    add("--reg", type=float, help="strength of the regularization")
    add("--filters-per-layer", "-K", type=int, nargs="+", required=True, help="filters of each block of convolutions")
    add("--layers-per-block", "-L", type=int, required=True, help="convolutions in a block")
    add("--pool-every", "-P", type=int, required=True, help="convolutions before each pooling")
    add("--hidden-dims", "-H", type=int, nargs="+", required=True, help="sizes of the hidden layers of the MLP")
    add("--model-type", "-M", choices=MODEL_TYPES, help="the network (default: cnn)")
    return vars(parser.parse_args(argv))


if __name__ == "__main__":
    cnn_experiment(**parse_cli())
