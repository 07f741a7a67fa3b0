"""Experiments without ClassifierTrainer: a loop of their own, SGD with a schedule, the penalty as part of the loss."""

import json
import random
import sys
from argparse import ArgumentParser
from pathlib import Path

import torch
import torch.nn.functional as F
from cs236781.train_results import FitResult

from . import cnn
from .classifier import BinaryClassifier, select_roc_thresh
from .mlp import MLP
from .training import ClassifierTrainer


def mlp_experiment(depth, width, dl_train, dl_valid, dl_test, n_epochs):
    net = MLP(in_dim=2, dims=[*[width] * depth, 2], nonlins=[*["lrelu"] * depth, "none"])
    model = BinaryClassifier(net, threshold=0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    trainer = ClassifierTrainer(model, torch.nn.CrossEntropyLoss(), optimizer)
    result = trainer.fit(dl_train, dl_valid, n_epochs, print_every=0)
    model.threshold = select_roc_thresh(model, *dl_valid.dataset.tensors)
    return model, model.threshold, result.test_acc[-1], trainer.test_epoch(dl_test, verbose=False).accuracy


def network_class(model_type):
    if model_type == "cnn":
        return cnn.CNN
    if model_type == "resnet":
        return cnn.ResNet
    assert model_type == "ycn", model_type
    return cnn.YourCNN


def penalty(model):
    return sum((p**2).sum() for p in model.parameters())


def run_epoch(model, loader, batches, optimizer=None, reg=0.0, device="cpu"):
    """Train for one epoch, or evaluate without an optimizer; return the losses of the batches and the accuracy."""
    model.train(optimizer is not None)
    losses, correct, count = [], 0, 0
    for i, (images, labels) in enumerate(loader):
        if i == batches:
            break
        images, labels = images.to(device), labels.to(device)
        with torch.set_grad_enabled(optimizer is not None):
            scores = model.forward(images)
            loss = F.nll_loss(F.log_softmax(scores, dim=-1), labels)
            objective = loss + reg / 2 * penalty(model)
        if optimizer is not None:
            optimizer.zero_grad(set_to_none=True)
            objective.backward()
            optimizer.step()
        losses.append(loss.item())
        correct += int((scores.argmax(1) == labels).sum())
        count += len(labels)
    return losses, 100.0 * correct / count


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
    lr=0.001,
    reg=0.001,
    filters_per_layer=(64,),
    layers_per_block=2,
    pool_every=2,
    hidden_dims=(100,),
    model_type="cnn",
    **kw,
):
    import torchvision
    import torchvision.transforms as tvtf

    seed = random.randint(0, 2**30) if seed is None else seed
    bs_test = bs_test or max(1, bs_train // 4)
    cfg = {name: value for name, value in locals().items() if name not in ("torchvision", "tvtf")}
    torch.manual_seed(seed)
    device = torch.device(device or "cpu")

    loaders = []
    for train, size in ((True, bs_train), (False, bs_test)):
        ds = torchvision.datasets.CIFAR10(
            root=str(Path.home() / ".pytorch-datasets"), download=True, train=train, transform=tvtf.ToTensor()
        )
        loaders.append(torch.utils.data.DataLoader(ds, batch_size=size, shuffle=train, drop_last=train))

    channels = []
    for filters in filters_per_layer:
        channels += layers_per_block * [filters]
    model = network_class(model_type)(
        in_size=(3, 32, 32),
        out_classes=10,
        channels=channels,
        pool_every=pool_every,
        hidden_dims=hidden_dims,
        conv_params={"kernel_size": 5, "stride": 1, "padding": 2},
        pooling_params={"kernel_size": 2},
        **kw,
    ).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, nesterov=lr > 0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)

    train_loss, train_acc, test_loss, test_acc = [], [], [], []
    since_best = 0
    for _ in range(epochs):
        losses, accuracy = run_epoch(model, loaders[0], batches, optimizer, reg, device)
        train_loss += losses
        train_acc.append(accuracy)
        losses, accuracy = run_epoch(model, loaders[1], batches, device=device)
        since_best = 0 if not test_acc or accuracy > max(test_acc) else since_best + 1
        test_loss += losses
        test_acc.append(accuracy)
        schedule.step()
        if early_stopping and since_best >= early_stopping:
            break
    fit_res = FitResult(len(test_acc), train_loss, train_acc, test_loss, test_acc)
    save_experiment(run_name, out_dir, cfg, fit_res)
    return fit_res


def save_experiment(run_name, out_dir, cfg, fit_res):
    cfg_LK = f"L{cfg['layers_per_block']}_K{'-'.join(map(str, cfg['filters_per_layer']))}"
    Path(out_dir).mkdir(parents=True, exist_ok=True)
    with Path(out_dir, f"{run_name}_{cfg_LK}.json").open("w") as file:
        json.dump({"experiment": cfg, "curves": list(fit_res)}, file)


def load_experiment(filename):
    with Path(filename).open() as file:
        held = json.load(file)
    return held["experiment"], FitResult(*held["curves"])


def main(argv):
    parser = ArgumentParser()
    parser.add_argument("command", choices=["run-exp"])
    parser.add_argument("-n", dest="run_name", type=str)
    parser.add_argument("-K", dest="filters_per_layer", type=int, nargs="*")
    parser.add_argument("-L", dest="layers_per_block", type=int)
    parser.add_argument("-P", dest="pool_every", type=int)
    parser.add_argument("-H", dest="hidden_dims", type=int, nargs="*")
    parser.add_argument("-M", dest="model_type", default="cnn")
    parser.add_argument("--epochs", type=int, default=40)
    options = vars(parser.parse_args(argv))
    del options["command"]
    cnn_experiment(**options)


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.exit(0)
