"""Fine-pruning: kernels that are dormant on the auditor's images are removed, the rest learns on.

    score of a kernel = mean over images of the absolute sum of its feature map
    the lowest floor(ratio C) of each layer's C kernels become zero and stay zero;
    fine-tuning of everything else

A backdoor that sits in kernels of its own shows there: innocent images do not wake them.

Paper: Liu, Dolan-Gavitt, Garg, "Fine-Pruning", RAID 2018.
Deviates: layers first_layer..last_layer instead of the last convolution, whose maps are the symbols
    here; a fixed ratio instead of a drop in accuracy (D-036).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, final

import torch
from annotated_types import Ge, Lt
from jaxtyping import Bool
from torch import Generator, Tensor

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.fine_tuning import LearningRate, fine_tune
from semvet.defenses.weights.kernels import absolute_sums, convolutions, pruned_layers, without
from semvet.defenses.weights.tuning import own_psnr_db
from semvet.systems import Transceiver
from semvet.types import Count, Layer, Positive

ROUNDING = 1e-9  # of a ratio times a count
Kept = Bool[Tensor, " _"]  # of one layer


@final
class FinePruning(Defense):
    """Args:
    ratio: share of each layer's kernels that is pruned, rounded down.
    first_layer, last_layer: encoder convolutions that are pruned, counted from 1.
    steps, batch, learning_rate, clip_norm: of the fine-tuning.
    """

    vantage = Vantage.AUDITOR

    def __init__(
        self,
        *,
        ratio: Annotated[float, Ge(0), Lt(1)] = 0.3,
        first_layer: Layer = 2,
        last_layer: Layer = 4,
        steps: Count = 500,
        batch: Count = 48,
        learning_rate: LearningRate = 5e-3,
        clip_norm: Positive = 0.05,
    ):
        self.ratio, self.first, self.last = ratio, first_layer, last_layer
        self.steps, self.batch, self.learning_rate = steps, batch, learning_rate
        self.clip_norm = clip_norm

    def refuse(self, link: Transceiver) -> None:
        pruned_layers(link.system, self.first, self.last)

    def apply(self, view: View, *, rng: Generator) -> Defended:
        x, link = view.images, view.system
        layers = pruned_layers(link.system, self.first, self.last)
        scores = [s.mean(dim=0) for s in absolute_sums(link, layers, x, rng=rng)]
        keep = [self._loudest(score) for score in scores]
        pruned = without(link, self.first, self.last, keep)
        findings = {
            "steps": self.steps,
            "kernels_pruned": [int((~kept).sum()) for kept in keep],
            "own_psnr_before_db": own_psnr_db(link, x, rng=rng),
            "own_psnr_pruned_db": own_psnr_db(pruned, x, rng=rng),
        }
        with _staying_zero(pruned, self.first, self.last, keep):
            fine_tune(
                pruned, x, steps=self.steps, batch=self.batch, learning_rate=self.learning_rate,
                clip_norm=self.clip_norm, rng=rng,
            )  # fmt: skip
        findings["own_psnr_after_db"] = own_psnr_db(pruned, x, rng=rng)
        return Defended(pruned, findings=findings)

    def _loudest(self, score: Tensor) -> Kept:
        kept = torch.ones(len(score), dtype=torch.bool, device=score.device)
        kept[score.argsort(stable=True)[: int(self.ratio * len(score) + ROUNDING)]] = False
        return kept


@contextmanager
def _staying_zero(link: Transceiver, first: int, last: int, keep: Sequence[Kept]) -> Iterator[None]:
    """Pruned kernels get no gradient in here, and so no step of Adam."""
    hooks = [
        weight.register_hook(lambda grad, kept=kept: grad * kept.view(-1, *(1,) * (grad.ndim - 1)))
        for layer, kept in zip(pruned_layers(link.system, first, last), keep, strict=True)
        for convolution in convolutions(layer)
        for weight in convolution.parameters(recurse=False)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
