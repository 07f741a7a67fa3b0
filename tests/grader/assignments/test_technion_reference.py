"""The reference of technion-hw2, tested directly: gradients, update rules, printing and the training loop.

The graded checks of the same code are in tests/assignments/technion-hw2/.
"""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch.utils.data import DataLoader, TensorDataset

REFERENCE = Path(__file__).parents[3] / "reference" / "technion-hw2"
SUPPORT = ("answers", "dataloader_utils", "download", "jupyter_utils", "plot", "train_results")


def _forget():
    for name in [name for name in sys.modules if name.split(".")[0] in ("hw2", "cs236781")]:
        del sys.modules[name]


@pytest.fixture
def hw2(monkeypatch):
    """Import the reference's modules for one test and forget them again."""
    _forget()
    monkeypatch.syspath_prepend(str(REFERENCE))
    names = ("answers", "grad_compare", "layers", "optimizers", "training")
    yield SimpleNamespace(**{name: importlib.import_module(f"hw2.{name}") for name in names})
    _forget()


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(5)


ACTIVATIONS = [
    ("LeakyReLU", lambda x: F.leaky_relu(x, 0.01)),
    ("ReLU", F.relu),
    ("Sigmoid", torch.sigmoid),
    ("TanH", torch.tanh),
]


@pytest.mark.parametrize(("name", "function"), ACTIVATIONS)
def test_activation_gradient(hw2, rng, name, function):
    """An activation's output and gradient are those of torch, on an input of three axes."""
    x = torch.randn(4, 5, 6, generator=rng).requires_grad_()
    dout = torch.randn(4, 5, 6, generator=rng)
    layer = getattr(hw2.layers, name)()
    z = function(x)
    (expected,) = torch.autograd.grad(z, x, dout)
    assert (layer(x.detach()) - z).abs().max() <= 1e-6
    assert (layer.backward(dout) - expected).abs().max() <= 1e-6


def test_linear_gradients(hw2, rng):
    """Linear's gradients are autograd's, and a second backward adds to the pairs that params() handed out."""
    layer = hw2.layers.Linear(6, 3)
    pairs = layer.params()
    x, dout = torch.randn(5, 6, generator=rng).requires_grad_(), torch.randn(5, 3, generator=rng)
    w, b = (tensor.clone().requires_grad_() for tensor in (layer.w, layer.b))
    dx, dw, db = torch.autograd.grad(F.linear(x, w, b), (x, w, b), dout)
    for times in (1, 2):
        layer(x.detach())
        assert (layer.backward(dout) - dx).abs().max() <= 1e-6
        assert (pairs[0][1] - times * dw).abs().max() <= 1e-6 * times
        assert (pairs[1][1] - times * db).abs().max() <= 1e-6 * times


def test_cross_entropy_gradient(hw2, rng):
    """The loss and its gradient are torch's; the loss has no axes, also for large scores."""
    scores = (30 * torch.randn(8, 5, generator=rng)).requires_grad_()
    labels = torch.randint(0, 5, (8,), generator=rng)
    expected = F.cross_entropy(scores, labels)
    loss_fn = hw2.layers.CrossEntropyLoss()
    loss = loss_fn(scores.detach(), labels)
    assert loss.shape == ()
    assert torch.allclose(loss, expected)
    assert (loss_fn.backward() - torch.autograd.grad(expected, scores)[0]).abs().max() <= 1e-6


def test_dropout_modes(hw2):
    """Dropout keeps the mean while training, masks its gradient alike, and does nothing in test mode."""
    torch.manual_seed(0)
    layer, ones = hw2.layers.Dropout(p=0.6), torch.ones(200, 200)
    z = layer(ones)
    assert (z == 0).float().mean().item() == pytest.approx(0.6, abs=0.0123)
    assert torch.equal(layer.backward(ones), z)
    assert z[z != 0].unique().item() == pytest.approx(2.5)
    layer.train(False)
    assert torch.equal(layer(ones), ones)
    assert torch.equal(layer.backward(ones), ones)


@pytest.mark.parametrize("training", [True, False])
def test_self_check_of_a_network(hw2, rng, training, capsys):
    """compare_layer_to_torch finds no difference in a whole MLP with dropout and loss, twice in a row."""
    layers = hw2.layers
    model = layers.Sequential(layers.MLP(10, 4, [8, 6], dropout=0.4), layers.CrossEntropyLoss())
    model.train(training)
    x, y = torch.randn(12, 10, generator=rng), torch.randint(0, 4, (12,), generator=rng)
    for _ in range(2):
        differences = hw2.grad_compare.compare_layer_to_torch(model, x, y)
        assert len(differences) == 7
        assert max(differences) <= 1e-6
    assert "input    diff=0.000\nparam#01 diff=0.000" in capsys.readouterr().out


def test_blocks_print_as_in_the_document(hw2):
    """Layers print their name and arguments, sequences one block a line."""
    layers = hw2.layers
    blocks = [layers.Linear(200, 100), layers.ReLU(), layers.Sigmoid(), layers.LeakyReLU(0.1), layers.Dropout(p=0.6)]
    assert [str(b) for b in blocks] == ["Linear(200, 100)", "ReLU", "Sigmoid", "LeakyReLU(alpha=0.1)", "Dropout(p=0.6)"]
    assert (
        str(layers.MLP(200, 10, [100]))
        == "MLP, Sequential\n\t[0] Linear(200, 100)\n\t[1] ReLU\n\t[2] Linear(100, 10)\n"
    )


def test_layers_refuse_bad_arguments(hw2):
    """A slope or probability outside of its range is refused with the number."""
    with pytest.raises(ValueError, match=r"alpha is 1\.5; it has to be at least 0 and less than 1"):
        hw2.layers.LeakyReLU(1.5)
    with pytest.raises(ValueError, match=r"p is 1; a probability of dropping has to be"):
        hw2.layers.Dropout(p=1)


def test_vanilla_sgd_reaches_the_documents_figure(hw2):
    """The document's step (seed 42, learn_rate=0.5, reg=0.1) ends at the norm 98.3053."""
    torch.manual_seed(42)
    p = torch.randn(500, 10)
    dp = torch.randn(*p.shape) * 2
    hw2.optimizers.VanillaSGD([(p, dp)], learn_rate=0.5, reg=0.1).step()
    assert torch.linalg.vector_norm(p).item() == pytest.approx(98.3053, abs=1e-3)


def test_momentum_by_hand(hw2):
    """Momentum's velocity decays and takes the regularized gradient."""
    p, dp = torch.tensor([1.0]), torch.tensor([2.0])
    optimizer = hw2.optimizers.MomentumSGD([(p, dp)], learn_rate=0.1, reg=1.0, momentum=0.5)
    optimizer.step()
    assert p.item() == pytest.approx(0.7)  # v = -0.1 * (2 + 1)
    optimizer.step()
    assert p.item() == pytest.approx(0.28)  # v = 0.5 * -0.3 - 0.1 * (2 + 0.7)


def test_rmsprop_by_hand(hw2):
    """RMSProp divides by the root of the average plus eps."""
    p, dp = torch.tensor([1.0]), torch.tensor([2.0])
    hw2.optimizers.RMSProp([(p, dp)], learn_rate=0.1, reg=1.0, decay=0.75, eps=4.0).step()
    assert p.item() == pytest.approx(1 - 0.1 * 3 / 2.5)  # r = 0.25 * 9, sqrt(2.25 + 4) = 2.5


def test_optimizers_take_torch_parameters(hw2):
    """A torch parameter moves by its .grad, zero_grad clears it, and one without a gradient stays."""
    moved, idle = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
    moved.grad = torch.ones(2)
    optimizer = hw2.optimizers.VanillaSGD(iter([moved, idle]), learn_rate=0.5, reg=0.1)
    optimizer.step()
    optimizer.zero_grad()
    assert moved.tolist() == pytest.approx([0.45, 0.45])
    assert moved.grad.tolist() == [0.0, 0.0]
    assert idle.tolist() == [1.0, 1.0]


def scripted_trainer(hw2, test_losses):
    """Return a trainer whose test losses are given, one an epoch, and whose samples are correct where y is 1."""
    losses = iter(test_losses)

    class Scripted(hw2.training.Trainer):
        def train_batch(self, batch):
            return hw2.training.BatchResult(loss=float(len(batch[1])), num_correct=int(batch[1].sum()))

        def test_batch(self, batch):
            return hw2.training.BatchResult(loss=next(losses), num_correct=int(batch[1].sum()))

    return Scripted(torch.nn.Linear(1, 1))


def loader(labels, batch_size):
    y = torch.tensor(labels)
    return DataLoader(TensorDataset(torch.zeros(len(y), 1), y), batch_size)


def test_fit_counts_a_smaller_last_batch(hw2):
    """Accuracy is over the samples seen, also where the last batch is smaller, and losses are means over batches."""
    train, test = loader([1, 1, 1, 0, 1], batch_size=2), loader([1, 0, 0], batch_size=3)
    result = scripted_trainer(hw2, [3.0, 1.0]).fit(train, test, num_epochs=2, verbose=False)
    assert result.train_acc == pytest.approx([80.0, 80.0])
    assert result.test_acc == pytest.approx([100 / 3, 100 / 3])
    assert result.train_loss == pytest.approx([5 / 3, 5 / 3])
    assert result.test_loss == [3.0, 1.0]
    assert result.num_epochs == 2


@pytest.mark.parametrize(("max_batches", "accuracy"), [(1, 100.0), (2, 75.0), (9, 80.0)])
def test_epoch_stops_at_max_batches(hw2, max_batches, accuracy):
    """With max_batches only the samples of those batches count."""
    trainer = scripted_trainer(hw2, [])
    epoch = trainer.train_epoch(loader([1, 1, 1, 0, 1], batch_size=2), verbose=False, max_batches=max_batches)
    assert epoch.accuracy == pytest.approx(accuracy)
    assert len(epoch.losses) == min(max_batches, 3)


@pytest.mark.parametrize(
    ("early_stopping", "test_losses", "epochs"),
    [(2, [3, 2, 2, 2.5, 1], 4), (2, [3, 2, 2.5, 1, 0], 5), (1, [1, 1, 0, 0, 0], 2), (None, [1, 2, 3, 4, 5], 5)],
)
def test_fit_stops_early(hw2, early_stopping, test_losses, epochs):
    """Fit stops after that many epochs in a row without a better test loss, and not without being told."""
    data = loader([1, 0], batch_size=2)
    trainer = scripted_trainer(hw2, test_losses)
    result = trainer.fit(data, data, num_epochs=5, early_stopping=early_stopping, verbose=False)
    assert result.num_epochs == epochs
    assert len(result.train_loss) == len(result.test_acc) == epochs


def test_fit_saves_a_checkpoint(hw2, tmp_path):
    """With checkpoints the model's parameters are saved under that name."""
    data = loader([1, 0], batch_size=2)
    trainer = scripted_trainer(hw2, [1.0])
    trainer.fit(data, data, num_epochs=1, checkpoints=str(tmp_path / "deep" / "model"), verbose=False)
    saved = torch.load(tmp_path / "deep" / "model.pt", weights_only=True)
    assert torch.equal(saved["model_state"]["weight"], trainer.model.weight)


def test_fit_reports_chosen_epochs(hw2, capsys):
    """Fit names every print_every-th epoch and the last."""
    data = loader([1, 0], batch_size=2)
    scripted_trainer(hw2, [1.0] * 4).fit(data, data, num_epochs=4, print_every=2)
    lines = [line for line in capsys.readouterr().out.splitlines() if "EPOCH" in line]
    assert lines == [f"--- EPOCH {n}/4 ---" for n in (1, 3, 4)]


def test_layers_train_to_overfit(hw2, rng):
    """With the chosen numbers an MLP learns 20 images by heart within 20 epochs, as the document asks."""
    torch.manual_seed(42)
    hp = hw2.answers.part2_overfit_hp()
    coarse = torch.rand(20, 3, 4, 4, generator=rng)
    images = (F.interpolate(coarse, size=32, mode="bilinear") + 0.1 * torch.rand(20, 3, 32, 32, generator=rng)) / 1.1
    data = DataLoader(TensorDataset(images, torch.randint(0, 10, (20,), generator=rng)), batch_size=10)
    model = hw2.layers.MLP(3 * 32 * 32, 10, [128] * 3, wstd=hp["wstd"])
    optimizer = hw2.optimizers.VanillaSGD(model.params(), learn_rate=hp["lr"], reg=hp["reg"])
    trainer = hw2.training.LayerTrainer(model, hw2.layers.CrossEntropyLoss(), optimizer)
    assert max(trainer.train_epoch(data, verbose=False).accuracy for _ in range(20)) >= 98


def test_hyperparameters_are_named_as_in_the_document(hw2):
    """The notebooks find every number that they ask for, and five written answers."""
    answers = hw2.answers
    assert set(answers.part2_overfit_hp()) == {"wstd", "lr", "reg"}
    assert set(answers.part2_optim_hp()) == {"wstd", "lr_vanilla", "lr_momentum", "lr_rmsprop", "reg"}
    assert set(answers.part2_dropout_hp()) == {"wstd", "lr"}
    texts = [getattr(answers, name) for name in ("part1_q1", "part1_q2", "part2_q1", "part2_q2", "part2_q3")]
    assert all(len(text) > 100 for text in texts)


@pytest.mark.parametrize("name", SUPPORT)
def test_support_modules_import(hw2, name):
    """The course's support modules import without matplotlib, IPython or a network."""
    assert importlib.import_module(f"cs236781.{name}").__doc__


def test_download_refuses(hw2):
    """The stand-in for downloads names the address and says that it works offline."""
    download = importlib.import_module("cs236781.download")
    with pytest.raises(
        download.OfflineError, match=r"data\.zip was not downloaded: this copy of the course works offline"
    ):
        download.download_and_extract("https://example.org/data.zip")


def test_loaders_can_be_joined(hw2):
    """flatten joins a loader's batches, dataset_first_n takes the first samples."""
    loaders = importlib.import_module("cs236781.dataloader_utils")
    data = loader([1, 0, 1], batch_size=2)
    assert loaders.flatten(data)[1].tolist() == [1, 0, 1]
    assert len(loaders.dataset_first_n(data.dataset, 2)) == 2


def test_plot_fit_draws_into_one_figure(hw2):
    """plot_fit draws losses and accuracies, and draws a second fit into the same figure."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    plot = importlib.import_module("cs236781.plot")
    result = hw2.training.FitResult(2, [2.0, 1.0], [10.0, 20.0], [3.0, 2.0], [5.0, 15.0])
    fig, _ = plot.plot_fit(result, legend="first")
    same, axes = plot.plot_fit(result, fig=fig, legend="second", log_loss=True)
    assert same is fig
    assert [len(axis.lines) for row in axes for axis in row] == [2, 2, 2, 2]
