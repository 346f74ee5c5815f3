"""What a classifier that never saw the attack takes the received pictures for."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.evaluation.measured import Trial
from semvet.records import ClassifierFigures, Rate
from semvet.types import Images


@dataclass(frozen=True)
class Reader:
    """A trained classifier and what its training says of it."""

    name: str
    classify: Callable[[Images], Float[Tensor, "batch classes"]]
    parameters: int
    epochs: int
    test: Rate | None  # on all test images, as they are


def classifier_figures(reader: Reader | None, trial: Trial) -> ClassifierFigures | None:
    """Accuracy on the run's benign test images, as they are and as they arrive."""
    if reader is None:
        return None
    label = trial.images.benign_label

    def right(x: Images) -> Rate | None:
        return accuracy(reader.classify(x).argmax(dim=1), label)

    return ClassifierFigures(
        name=reader.name,
        parameters=reader.parameters,
        epochs=reader.epochs,
        test=reader.test,
        originals=right(trial.images.benign),
        received=trial.both.map(lambda one: right(one.measured.received)),
    )


def accuracy(said: Tensor, label: Tensor) -> Rate | None:
    """Over images that have a class; None where none has."""
    known = label >= 0
    right, n = int((said == label)[known].sum()), int(known.sum())
    return Rate.of(right, n) if n else None


def candidate_classes(labels: Tensor, *, known: bool) -> list[int]:
    """Of the candidate targets; classes of another data set mean nothing to this classifier."""
    return labels.tolist() if known else torch.full_like(labels, -1).tolist()
