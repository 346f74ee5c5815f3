"""Was an element removed from a scene, and nothing else touched?

    success:  PSNR of the element's region against the true background >= 20 dB, and the rest
              of the picture at most 1 dB worse than through the clean system

Paper: CSBA's claim (Xu et al. 2024: the object is gone, the rest unchanged); the figures are ours.
"""

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.evaluation.goals.judge import Judge, Scores
from semvet.metrics.psnr import IDENTICAL_DB
from semvet.types import Images, PerImage

Mask = Float[Tensor, "batch 1 height width"]  # 1 or 0
REGION_DB, REST_DB = 20.0, 1.0


def masked_psnr_db(a: Images, b: Images, mask: Mask) -> PerImage:
    """PSNR over the pixels where `mask` is 1; where they agree, 100."""
    error = ((a - b).square() * mask).sum(dim=(1, 2, 3))
    mean_error = error / (mask.sum(dim=(1, 2, 3)) * a.shape[1])
    return (-10 * mean_error.log10()).clamp(max=IDENTICAL_DB)


@final
class RemovalJudge(Judge):
    """For one fixed set of scenes with their element; images are judged in this order.

    Args:
        without: the scenes less their element, (n, chan, height, width).
        mask: 1 where the element is, (n, 1, height, width).
        clean: the scenes as the clean system delivers them.
    """

    rule = "removal"

    def __init__(self, element_removed: Images, mask: Mask, clean: Images):
        self.element_removed, self.mask = element_removed, mask
        self.clean_rest_db = self.rest_db(clean)
        self.thresholds = element_removed.new_zeros(1)

    def scores(self, received: Images) -> Scores:
        """The smaller of both margins in dB, of the first len(received) scenes."""
        region = self.region_db(received) - REGION_DB
        rest = self.rest_db(received) - (self.clean_rest_db[: len(received)] - REST_DB)
        return torch.minimum(region, rest)[:, None]

    def benign_scores(self, received: Images) -> Scores:
        """There is nothing to remove in a scene without the element: never a hit."""
        return received.new_full((len(received), 1), -float("inf"))

    def region_db(self, received: Images) -> PerImage:
        """PSNR where the element was, against the true background."""
        n = len(received)
        return masked_psnr_db(received, self.element_removed[:n], self.mask[:n])

    def rest_db(self, received: Images) -> PerImage:
        """PSNR of everything else."""
        n = len(received)
        return masked_psnr_db(received, self.element_removed[:n], 1 - self.mask[:n])
