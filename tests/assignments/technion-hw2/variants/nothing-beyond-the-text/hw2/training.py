"""A variant of hw2.training: early stopping goes by the accuracy, losses are tensors, and correct ones by scores.

fit relies on the kind of losses that its own batches give.
"""

import abc
from pathlib import Path

import torch
from cs236781.train_results import BatchResult, EpochResult, FitResult

try:
    from tqdm.auto import tqdm
except ImportError:  # training works without a progress bar
    tqdm = None


class Trainer(abc.ABC):
    """Train and evaluate a model; a subclass says what happens to one batch."""

    def __init__(self, model, device=None):
        """Take the model to train, and the device to move it to if it is a torch module."""
        self.model = model
        self.device = device
        if device is not None:
            model.to(device)

    def fit(self, dl_train, dl_test, num_epochs, checkpoints=None, early_stopping=None, print_every=1, **kw):
        """Train for `num_epochs` epochs, evaluating after each, and return a FitResult.

        Its lists hold one number an epoch: the mean of the batch losses, and the accuracy in percent.
        `checkpoints`: file name without extension; the model is saved whenever the test accuracy is the best so far.
        `early_stopping`: stop after that many epochs in a row whose test loss was not better than the best so far.
        `print_every`: report every so many epochs, and the last one; 0 reports nothing.
        `kw` (verbose, max_batches) goes to train_epoch and test_epoch.
        """
        train_loss, train_acc, test_loss, test_acc = [], [], [], []
        best_acc, epochs_without_improvement = None, 0

        for epoch in range(num_epochs):
            is_reported = print_every > 0 and (epoch % print_every == 0 or epoch == num_epochs - 1)
            options = {"verbose": is_reported, **kw}
            if options["verbose"]:
                print(f"--- EPOCH {epoch + 1}/{num_epochs} ---")

            train_result = self.train_epoch(dl_train, **options)
            test_result = self.test_epoch(dl_test, **options)
            train_loss += [torch.stack(train_result.losses).mean().item()]
            train_acc.append(train_result.accuracy)
            test_loss += [torch.stack(test_result.losses).mean().item()]
            test_acc.append(test_result.accuracy)

            if best_acc is None or test_acc[-1] > best_acc:
                best_acc, epochs_without_improvement = test_acc[-1], 0
                if checkpoints is not None:
                    self.save_checkpoint(f"{checkpoints}.pt")
            else:
                epochs_without_improvement += 1
                if early_stopping is not None and epochs_without_improvement >= early_stopping:
                    break

        return FitResult(len(train_loss), train_loss, train_acc, test_loss, test_acc)

    def save_checkpoint(self, checkpoint_filename):
        """Save the model's parameters under a file name or relative path."""
        is_module = isinstance(self.model, torch.nn.Module)
        state = self.model.state_dict() if is_module else [p for p, _ in self.model.params()]
        Path(checkpoint_filename).parent.mkdir(parents=True, exist_ok=True)
        torch.save({"model_state": state}, checkpoint_filename)

    def train_epoch(self, dl_train, **kw):
        """Train on every batch once and return an EpochResult; `kw` goes to _foreach_batch."""
        self.model.train(True)
        return self._foreach_batch(dl_train, self.train_batch, **kw)

    def test_epoch(self, dl_test, **kw):
        """Evaluate on every batch once and return an EpochResult; `kw` goes to _foreach_batch."""
        self.model.train(False)
        return self._foreach_batch(dl_test, self.test_batch, **kw)

    @abc.abstractmethod
    def train_batch(self, batch):
        """Run one batch forward and back, update the parameters, and return a BatchResult."""

    @abc.abstractmethod
    def test_batch(self, batch):
        """Run one batch forward and return a BatchResult."""

    @staticmethod
    def _foreach_batch(dl, run_batch, verbose=True, max_batches=None):
        """Call `run_batch` on (at most `max_batches`) batches and gather losses and accuracy, in percent."""
        num_batches = len(dl) if max_batches is None else min(max_batches, len(dl))
        num_samples = min(num_batches * dl.batch_size, len(dl.sampler))  # the last batch may be smaller
        batches = (batch for batch, _ in zip(dl, range(num_batches)))
        if verbose and tqdm is not None:
            batches = tqdm(batches, desc=run_batch.__name__, total=num_batches)

        losses, num_correct = [], 0
        for batch in batches:
            result = run_batch(batch)
            losses.append(result.loss)
            num_correct += int(result.num_correct)
        return EpochResult(losses=losses, accuracy=100.0 * num_correct / num_samples)


class LayerTrainer(Trainer):
    """Train a model made of `hw2.layers`, which brings its own backward."""

    def __init__(self, model, loss_fn, optimizer):
        super().__init__(model)
        self.loss_fn = loss_fn
        self.optimizer = optimizer

    def train_batch(self, batch):
        X, y = batch
        X = X.reshape(X.shape[0], -1)  # (N, D)
        scores = self.model(X)  # (N, C)
        loss = self.loss_fn(scores, y)  # ()

        self.optimizer.zero_grad()
        self.model.backward(self.loss_fn.backward())
        self.optimizer.step()

        num_correct = (scores.argmax(dim=1) == y).sum()
        return BatchResult(loss=loss.detach(), num_correct=num_correct.item())

    def test_batch(self, batch):
        X, y = batch
        X = X.reshape(X.shape[0], -1)  # (N, D)
        scores = self.model(X)  # (N, C)
        loss = self.loss_fn(scores, y)  # ()
        num_correct = (scores.argmax(dim=1) == y).sum()
        return BatchResult(loss=loss.detach(), num_correct=num_correct.item())


class ClassifierTrainer(Trainer):
    """Train a classifier of `hw2.classifier` with a loss function and an optimizer of torch."""

    def __init__(self, model, loss_fn, optimizer, device=None):
        super().__init__(model, device)
        self.loss_fn = loss_fn
        self.optimizer = optimizer

    def train_batch(self, batch):
        X, y = batch
        if self.device is not None:
            X, y = X.to(self.device), y.to(self.device)
        scores = self.model(X)  # (N, C)
        loss = self.loss_fn(scores, y)  # ()

        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

        num_correct = (scores.argmax(dim=1) == y).sum()
        return BatchResult(loss=loss.detach(), num_correct=num_correct.item())

    def test_batch(self, batch):
        X, y = batch
        if self.device is not None:
            X, y = X.to(self.device), y.to(self.device)
        with torch.no_grad():
            scores = self.model(X)  # (N, C)
            loss = self.loss_fn(scores, y)  # ()
        num_correct = (scores.argmax(dim=1) == y).sum()
        return BatchResult(loss=loss.detach(), num_correct=num_correct.item())
