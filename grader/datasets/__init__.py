"""Give checks data sets, and tell what predictions for them are worth.

The names below are all that checks need. Each is imported from its module, such as `grader.datasets.load`, when it is
asked for: whoever only wants to know where data sets lie has to do without torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.datasets.accuracy import Accuracy, DivergedPredictions, UnusablePredictions, mean_loss, score
    from grader.datasets.artifact_files import ArtifactFile, count_parameters
    from grader.datasets.attempts import Attempts, best_of
    from grader.datasets.load import Dataset
    from grader.datasets.parts import Limit
    from grader.datasets.prediction_files import read_prediction_table, read_predictions

__all__ = [
    "Accuracy", "ArtifactFile", "Attempts", "Dataset", "DivergedPredictions", "Limit", "UnusablePredictions", "best_of",
    "count_parameters", "mean_loss", "read_prediction_table", "read_predictions", "score",
]  # fmt: skip

_MODULES = {
    "Accuracy": "accuracy",
    "ArtifactFile": "artifact_files",
    "Attempts": "attempts",
    "Dataset": "load",
    "DivergedPredictions": "accuracy",
    "Limit": "parts",
    "UnusablePredictions": "accuracy",
    "best_of": "attempts",
    "count_parameters": "artifact_files",
    "mean_loss": "accuracy",
    "read_prediction_table": "prediction_files",
    "read_predictions": "prediction_files",
    "score": "accuracy",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its module. Raises AttributeError for any other."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
