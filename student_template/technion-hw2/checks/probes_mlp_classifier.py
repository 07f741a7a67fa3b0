"""Probes of the classifiers and of ClassifierTrainer: the student's own classifier around their own MLP.

The MLP has one layer without a nonlinearity, so its scores are W x + b; its weights are the check's. The checks in
test_classifier*.py judge them. What comes from the MLP or from a classifier that is wrong is not charged again where
another task is about it (`builds_on`).
"""

import torch
from probes import copy_of, number_of
from probes_mlp import own_mlp, watch_passes

from grader.probes import probe

CLASSIFIER = ["hw2.classifier", "hw2.mlp"]
TRAINER = ["hw2.training", *CLASSIFIER]


def own_classifier(kind, *, w, b, options=None):
    """Return the student's own classifier around W x + b, its model, and the parameters w and b."""
    import hw2.classifier

    model, named = own_mlp({"w1": w, "b1": b}, ["none"])
    return getattr(hw2.classifier, kind)(model=model, **(options or {})), model, (named["w1"], named["b1"])


@probe(needs=CLASSIFIER)
def classified(*, kind, x, w, b, options=None, dout=None):
    """Return scores, probabilities and labels that a classifier around W x + b gives; with `dout` gradients, too."""
    classifier, _, (weight, bias) = own_classifier(kind, w=w, b=b, options=options)
    outputs = {"number of parameters": len(list(classifier.parameters()))}
    z = classifier(x.clone())
    outputs["scores"] = copy_of(z)
    if dout is not None and isinstance(z, torch.Tensor) and z.shape == dout.shape and z.requires_grad:
        z.backward(dout.clone())
        outputs |= {"grad of w": copy_of(weight.grad), "grad of b": copy_of(bias.grad)}
    outputs["probabilities"] = copy_of(classifier.predict_proba(x.clone()))
    outputs["labels"] = copy_of(classifier.classify(x.clone()))
    return outputs


@probe(needs=CLASSIFIER)
def probabilities_of_scores(*, z):
    """Return the probabilities for given scores (N, C); the classifier's model is never asked."""
    classes = z.shape[1]
    classifier, _, _ = own_classifier("ArgMaxClassifier", w=torch.eye(classes), b=torch.zeros(classes))
    return {"probabilities": copy_of(classifier.predict_proba_scores(z.clone()))}


@probe(needs=CLASSIFIER)
def labels_by_threshold(*, x, w, b, thresholds):
    """Return the labels of one BinaryClassifier for one threshold after the other."""
    classifier, _, _ = own_classifier("BinaryClassifier", w=w, b=b, options={"threshold": 0.5})  # others may be refused
    outputs = {}
    for threshold in thresholds:
        classifier.threshold = threshold
        outputs[f"labels at {threshold:g}"] = copy_of(classifier.classify(x.clone()))
    return outputs


# ---------------------------------------------------------------- the trainer


class _CountingSGD(torch.optim.SGD):
    """torch's own SGD; it counts its steps."""

    steps = 0

    def step(self, closure=None):
        self.steps += 1
        return super().step(closure)


@probe(needs=TRAINER)
def classifier_training(*, w, b, xs, ys, lr, device=None):
    """Train W x + b on one batch after the other; return losses, counts and the parameters after each step."""
    trainer, _, parameters, optimizer = _trainer(w, b, lr=lr, device=device)
    outputs = {}
    for i, (x, y) in enumerate(zip(xs, ys, strict=True), start=1):
        outputs |= _result(trainer.train_batch((x.clone(), y.clone())), suffix=f" {i}")
        outputs |= {f"{name} after step {i}": copy_of(p) for name, p in zip("wb", parameters, strict=True)}
    return outputs | {"number of steps": optimizer.steps}


@probe(needs=TRAINER)
def classifier_evaluation(*, w, b, x, y, gradient, kind="ArgMaxClassifier", options=None):
    """Call test_batch once; the parameters have a gradient from before."""
    trainer, model, (weight, bias), optimizer = _trainer(w, b, lr=0.5, kind=kind, options=options)
    weight.grad = gradient.clone()
    recorded = []
    watch_passes(model, lambda _, output: recorded.append(output.requires_grad))
    result = trainer.test_batch((x.clone(), y.clone()))
    return _result(result) | {
        "number of steps": optimizer.steps,
        "w afterwards": copy_of(weight),
        "b afterwards": copy_of(bias),
        "grad of w afterwards": copy_of(weight.grad),
        "calls of the model": len(recorded),
        "calls that record a graph": sum(recorded),
    }


def _trainer(w, b, *, lr, kind="ArgMaxClassifier", options=None, device=None):
    """Return a ClassifierTrainer as the document makes it, its model, the parameters and the optimizer."""
    from hw2.training import ClassifierTrainer

    classifier, model, parameters = own_classifier(kind, w=w, b=b, options=options)
    optimizer = _CountingSGD(classifier.parameters(), lr=lr)
    where = {} if device is None else {"device": torch.device(device)}
    trainer = ClassifierTrainer(classifier, torch.nn.CrossEntropyLoss(), optimizer, **where)
    return trainer, model, parameters, optimizer


def _result(result, *, suffix=""):
    return {
        f"loss{suffix}": number_of(getattr(result, "loss", None)),
        f"num_correct{suffix}": number_of(getattr(result, "num_correct", None)),
    }
