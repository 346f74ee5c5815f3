"""Spectral signatures: poisoned images stand out along the latents' main direction.

    M = features - their mean,   v = top right singular vector of M,   score = (M v)^2
    flagged: the `suspects` share with the largest scores

Paper: Tran, Li, Madry, "Spectral Signatures in Backdoor Attacks", NeurIPS 2018, Algorithm 1.
Deviates: one class for all images, because nothing is labelled here; 1.5 times a poison ratio of
    5 % is flagged, where the paper knows the ratio (D-035). It always flags that many.
"""

from typing import Annotated, final

import torch
from annotated_types import Gt, Lt
from torch import Generator

from semvet.defenses.base import Defended, Defense, Suspicion, Vantage, View
from semvet.defenses.statistics.latents import latents_of


@final
class SpectralSignatures(Defense):
    """Args:
    suspects: share of the images that is flagged, rounded up.
    """

    vantage = Vantage.AUDITOR

    def __init__(self, *, suspects: Annotated[float, Gt(0), Lt(1)] = 0.075):
        self.suspects = suspects

    def apply(self, view: View, *, rng: Generator) -> Defended:
        features = latents_of(view.system, view.images, rng=rng)
        _, strengths, directions = torch.linalg.svd(
            features - features.mean(dim=0), full_matrices=False
        )
        score = ((features - features.mean(dim=0)) @ directions[0]).square()
        count = -int(-self.suspects * len(score) // 1)
        flagged = torch.zeros_like(score, dtype=torch.bool)
        flagged[score.topk(count).indices] = True
        energy = strengths.square()
        return Defended(
            view.link,
            findings={"top_direction_share": float(energy[0] / energy.sum().clamp(min=1e-12))},
            suspicion=Suspicion(score, flagged),
        )
