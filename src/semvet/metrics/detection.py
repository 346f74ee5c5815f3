"""How well scores separate what should be flagged from what should not. Higher is more suspicious.

AUROC = P[score of a triggered image > score of a benign one], ties count half.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.types import Flags

Benign = Float[Tensor, " benign"]
Triggered = Float[Tensor, " triggered"]


def auroc(benign: Benign, triggered: Triggered) -> float:
    """0.5: no better than chance; below: the wrong way round."""
    from sklearn.metrics import roc_auc_score  # a second to import, and only for detectors

    truth = torch.cat([torch.zeros(len(benign)), torch.ones(len(triggered))])
    return float(roc_auc_score(truth.numpy(), torch.cat([benign, triggered]).cpu().numpy()))


def recall(benign: Benign, triggered: Triggered, *, false_positives: float = 0.01) -> float:
    """Share of the triggered images above a threshold that at most so many benign ones exceed."""
    allowed = int(false_positives * len(benign))
    threshold = benign.sort(descending=True).values[allowed]
    return float((triggered > threshold).double().mean())


def f1(flagged: Flags, truth: Flags) -> float:
    """2 TP / (2 TP + FP + FN); 0 where nothing that should be is flagged."""
    hit = int((flagged & truth).sum())
    return 2 * hit / max(1, int(flagged.sum()) + int(truth.sum()))
