"""fit has loops of its own and knows no options for stopping and saving; the losses of all batches stand in a row."""

import numpy as np
import torch
from cs236781.train_results import BatchResult, EpochResult, FitResult


class Trainer:
    def __init__(self, model, device=None):
        self.model = model if device is None else model.to(device)
        self.device = device

    def fit(self, dl_train, dl_test, num_epochs, checkpoints=None, early_stopping=None, print_every=1, **kw):
        limit = kw.get("max_batches")
        losses = {"train": [], "test": []}
        accuracies = {"train": np.zeros(num_epochs), "test": np.zeros(num_epochs)}
        for epoch in range(num_epochs):
            for part, loader, run in (("train", dl_train, self.train_batch), ("test", dl_test, self.test_batch)):
                self.model.train(part == "train")
                correct = seen = 0
                for number, batch in enumerate(loader):
                    if limit is not None and number == limit:
                        break
                    result = run(batch)
                    losses[part].append(torch.as_tensor(result.loss))
                    correct, seen = correct + result.num_correct, seen + len(batch[0])
                accuracies[part][epoch] = 100 * correct / seen
        return FitResult(
            num_epochs,
            losses["train"],
            accuracies["train"],
            self._by_epoch(losses, num_epochs),
            list(accuracies["test"]),
        )

    @staticmethod
    def _by_epoch(losses, num_epochs):
        return torch.stack(losses["test"]).float().view(num_epochs, -1).mean(dim=1)

    def train_epoch(self, dl_train, **kw):
        self.model.train(True)
        return self._epoch(dl_train, self.train_batch, **kw)

    def test_epoch(self, dl_test, **kw):
        self.model.train(False)
        return self._epoch(dl_test, self.test_batch, **kw)

    def _epoch(self, loader, run, max_batches=None, verbose=True):
        results, sizes = [], []
        for number, batch in enumerate(loader):
            if number == max_batches:
                break
            results.append(run(batch))
            sizes.append(len(batch[1]))
        correct = sum(result.num_correct for result in results)
        return EpochResult([float(result.loss) for result in results], 100.0 * correct / sum(sizes))


class LayerTrainer(Trainer):
    def __init__(self, model, loss_fn, optimizer):
        super().__init__(model)
        self.loss_fn, self.optimizer = loss_fn, optimizer

    def _forward(self, batch):
        x, y = batch
        scores = self.model.forward(x.flatten(start_dim=1))
        return self.loss_fn.forward(scores, y=y), int(torch.eq(scores.max(1)[1], y).sum())

    def train_batch(self, batch):
        self.optimizer.zero_grad()
        loss, num_correct = self._forward(batch)
        dout = self.loss_fn.backward(torch.tensor(1.0))
        self.model.backward(dout)
        self.optimizer.step()
        return BatchResult(loss, num_correct)

    def test_batch(self, batch):
        return BatchResult(*self._forward(batch))


class ClassifierTrainer(Trainer):
    def __init__(self, model, loss_fn, optimizer, device=None):
        super().__init__(model, device)
        self.loss_fn, self.optimizer = loss_fn, optimizer

    def _forward(self, batch):
        x, y = (part.to(self.device or "cpu") for part in batch)
        scores = self.model(x)
        return self.loss_fn(scores, y), int((self.model.classify_scores(scores) == y).sum())

    def train_batch(self, batch):
        self.optimizer.zero_grad()
        loss, num_correct = self._forward(batch)
        loss.backward()
        self.optimizer.step()
        return BatchResult(loss.item(), num_correct)

    @torch.no_grad()
    def test_batch(self, batch):
        loss, num_correct = self._forward(batch)
        return BatchResult(loss.item(), num_correct)
