"""Probes of ResNet and of CIFARModule.

A known block takes the place of the student's in ResNet, and a known network that of ResNet in CIFARModule, so that
each task stands for itself.
"""

import inspect

import torch
from probes import copied, describe, gradient_of, stirred
from torch import nn
from torch.nn import functional as F

from grader.probes import probe

LAYERS = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)

# ---------------------------------------------------------------- ResNet


@probe(needs=["notebook_module"])
def resnet_scores(*, options, x):
    """Return the scores of a new network in test mode."""
    net, _ = _new_resnet(options)
    return {"scores": copied(stirred(net).eval()(x.clone()))}


@probe(needs=["notebook_module"])
def resnet_layers(*, options, x):
    """Return in words what a network consists of: the layers in front of the blocks, the blocks, the layers behind."""
    run = _Run(options, x)
    return {
        "before the blocks": run.words(run.before),
        "blocks": [_describe_block(got, gave) for _, got, gave in run.blocks],
        "behind the blocks": run.words(run.behind),
        "blocks that are no part of the network": run.lost,
    }


@probe(needs=["notebook_module"])
def resnet_pass(*, options, x, kernel, weight, bias):
    """Return what the parts of a network hand on to each other, with given weights of the first and the last layer."""
    run = _Run(options, x, weights=(kernel, weight, bias))
    outputs = {"shapes fit": run.fits, "before the blocks": run.words(run.before), "scores": copied(run.scores)}
    outputs["behind the blocks"] = run.words(run.behind)
    if run.before:
        outputs["input of the first convolution"], outputs["output of the first convolution"] = run.before[0][1:]
    for i, (_, got, gave) in enumerate(run.blocks, start=1):
        outputs |= {f"input of block {i}": got, f"output of block {i}": gave}
    if run.behind:
        outputs["input of the linear layer"] = run.behind[-1][1]
    return outputs


@probe(needs=["notebook_module"])
def resnet_weights(*, options):
    """Return the weights that a new network was given: those of convolutions, and all numbers of the norms."""
    net, _ = _new_resnet(options)
    convolutions = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    norms = [layer for layer in net.modules() if isinstance(layer, nn.BatchNorm2d)]
    return {
        "convolutions": [copied(layer.weight) for layer in convolutions],
        "norm weights": torch.cat([torch.zeros(0), *(layer.weight.detach() for layer in norms)]),
        "norm biases": torch.cat([torch.zeros(0), *(layer.bias.detach() for layer in norms)]),
    }


@probe(needs=["notebook_module"])
def resnet_gradients(*, options, x, labels):
    """Return which parameters a backward pass of the loss reaches, and the gradient of the images, in training mode."""
    net, _ = _new_resnet(options)
    leaf = x.clone().requires_grad_()
    F.cross_entropy(net.train()(leaf), labels).backward()
    missed = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    return {"grad of x": gradient_of(leaf), "parameters that get no gradient": missed[:10]}


class _Run:
    """Hold what was called in a pass in test mode, in order: (layer, input, output)."""

    def __init__(self, options, x, *, weights=None):
        net, made = _new_resnet(options)
        net.eval()
        known = {id(module) for module in net.modules()}
        self.lost = sum(id(block) not in known for block in made)
        kind = type(made[0]) if made else _block_class()
        blocks = [*made] or [module for module in net.modules() if isinstance(module, kind)]
        inside = {id(module) for block in blocks for module in block.modules()}
        layers = [layer for layer in net.modules() if isinstance(layer, LAYERS) and id(layer) not in inside]
        self.fits = self._fill(layers, weights) if weights else True
        calls = []
        hooks = [
            module.register_forward_hook(lambda module, i, o: calls.append((module, copied(i[0]), copied(o))))
            for module in (*layers, *blocks)
        ]
        with torch.no_grad():
            self.scores = net(x.clone())
        for hook in hooks:
            hook.remove()
        places = [i for i, call in enumerate(calls) if id(call[0]) in inside]
        first, last = (places[0], places[-1]) if places else (len(calls), len(calls))
        self.before, self.behind = calls[:first], calls[last + 1 :]
        self.blocks = [call for call in calls if id(call[0]) in inside]

    def _fill(self, layers, weights):
        first = next((layer for layer in layers if isinstance(layer, nn.Conv2d)), None)
        last = next((layer for layer in layers[::-1] if isinstance(layer, nn.Linear)), None)
        kernel, weight, bias = weights
        if first is None or last is None or last.weight.shape != weight.shape or last.bias is None:
            return False
        if first.weight.shape[:2] != kernel.shape[:2] or max(first.weight.shape[2:]) > kernel.shape[-1]:
            return False
        with torch.no_grad():
            first.weight.copy_(kernel[:, :, : first.weight.shape[2], : first.weight.shape[3]])
            if first.bias is not None:
                first.bias.zero_()
            last.weight.copy_(weight)
            last.bias.copy_(bias)
        return True

    def words(self, calls):
        return ", ".join(describe(layer) for layer, _, _ in calls)


def _describe_block(got, gave):
    if not isinstance(gave, torch.Tensor) or gave.ndim != 4:
        return "no image"
    sizes = [f"{t.shape[1]} channels of {t.shape[2]}×{t.shape[3]}" for t in (got, gave)]
    return " → ".join(sizes)


def _block_class():
    import notebook_module

    return getattr(notebook_module, "PreActResNetBlock", ())


def _new_resnet(options):
    """Create a network with known blocks, if the student's block takes the arguments that the course names.

    Returns it and the known blocks that it made.
    """
    import notebook_module as notebook

    own, made = _block_class(), []
    if own and list(inspect.signature(own).parameters) == ["c_in", "subsample", "c_out"]:
        notebook.PreActResNetBlock = _known_block(own, made)
    return notebook.ResNet(**options), made


def _known_block(own, made):
    """Derive a class from the student's block, with known methods in place of theirs, that notes its instances."""

    class PreActResNetBlock(own):
        def __init__(self, c_in, subsample=False, c_out=-1):
            nn.Module.__init__(self)
            c_out = c_out if subsample else c_in
            self.known = nn.ModuleList([nn.BatchNorm2d(c_in), nn.BatchNorm2d(c_out)])
            self.known.append(nn.Conv2d(c_in, c_out, 3, padding=1, stride=2 if subsample else 1, bias=False))
            self.known.append(nn.Conv2d(c_out, c_out, 3, padding=1, bias=False))
            if subsample:
                self.known.append(nn.Conv2d(c_in, c_out, 1, stride=2, bias=False))
            made.append(self)

        def forward(self, x):
            norm_1, norm_2, conv_1, conv_2, *projection = self.known
            z = conv_2(norm_2(conv_1(norm_1(x).relu())).relu())
            return z + (projection[0](x) if projection else x)

    return PreActResNetBlock


# ---------------------------------------------------------------- CIFARModule


class KnownNetwork(nn.Module):
    """A linear classifier of the images' mean colours in place of ResNet, which keeps what it was created with."""

    def __init__(self, num_classes=10, num_blocks=[3, 3, 3], c_hidden=[16, 24, 32]):  # noqa: B006 - the course's
        super().__init__()
        self.created_with = {"num_classes": num_classes, "num_blocks": num_blocks, "c_hidden": c_hidden}
        self.linear = nn.Linear(3, num_classes)

    def forward(self, x):
        return self.linear(x.mean(dim=(2, 3)))


@probe(needs=["notebook_module"])
def module_network(*, model_hparams):
    """Return what CIFARModule creates its network with, and whether it is in the attribute `model`."""
    module = _new_module(model_hparams, {"lr": 0.1})
    model = getattr(module, "model", None)
    if not isinstance(model, KnownNetwork):
        return {"model": type(model).__name__}
    settings = {name: _plain(value) for name, value in model.created_with.items()}
    return {"model": "ResNet", "settings": settings}


@probe(needs=["notebook_module"])
def module_steps(*, model_hparams, x, labels, weight, bias):
    """Return what CIFARModule computes from one batch: scores, loss, gradients, and what it logs."""
    module = _new_module(model_hparams, {"lr": 0.1})
    with torch.no_grad():
        module.model.linear.weight.copy_(weight)
        module.model.linear.bias.copy_(bias)
    logged = {}

    def log(name, value, *_arguments, **_options):
        logged[name] = torch.as_tensor(value).detach().clone()

    module.log = log
    module.log_dict = lambda values, *_arguments, **_options: [log(*item) for item in values.items()]
    outputs = {"scores": copied(module.eval()(x.clone()))}
    module.train()
    loss = module.training_step((x.clone(), labels.clone()), 0)
    loss = loss["loss"] if isinstance(loss, dict) and "loss" in loss else loss
    outputs["loss"] = copied(loss)
    if isinstance(loss, torch.Tensor) and loss.numel() == 1 and loss.requires_grad:
        loss.backward()
        outputs |= {"grad of weight": gradient_of(module.model.linear.weight)}
    module.eval()
    with torch.no_grad():
        module.validation_step((x.clone(), labels.clone()), 0)
        module.test_step((x.clone(), labels.clone()), 0)
    return outputs | {name: logged[name] for name in ("val_acc", "test_acc") if name in logged}


@probe(needs=["notebook_module"])
def module_optimizer(*, model_hparams, optimizer_hparams):
    """Return the settings of the optimizer that CIFARModule configures, and how many numbers it is to train."""
    module = _new_module(model_hparams, optimizer_hparams)
    optimizer = _first_optimizer(module.configure_optimizers())
    if optimizer is None:
        return {"optimizer": "none"}
    groups = optimizer.param_groups
    return {
        "optimizer": "an optimizer",
        "lr": [float(group["lr"]) for group in groups],
        "weight_decay": [float(group.get("weight_decay", 0)) for group in groups],
        "numbers that it trains": sum(p.numel() for group in groups for p in group["params"]),
        "numbers of the network": sum(p.numel() for p in module.model.parameters()),
    }


def _new_module(model_hparams, optimizer_hparams):
    import notebook_module as notebook

    notebook.ResNet = KnownNetwork
    return notebook.CIFARModule(model_hparams=dict(model_hparams), optimizer_hparams=dict(optimizer_hparams))


def _first_optimizer(value):
    """Return the first optimizer in what configure_optimizers may return."""
    if isinstance(value, torch.optim.Optimizer):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return next((found for part in parts if (found := _first_optimizer(part)) is not None), None)


def _plain(value):
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
