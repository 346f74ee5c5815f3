"""Was an element removed from a scene, and nothing else touched?

    success:  PSNR of the element's region against the true background >= 20 dB, and the rest
              of the picture at most 1 dB worse than through the clean system

Paper: CSBA's claim (Xu et al. 2024: the object is gone, the rest unchanged); the figures are ours.
"""

from typing import final

import torch
from torch import Tensor

from semvet.metrics.judge import Judge, Scores
from semvet.types import Images, PerImage

REGION_DB, REST_DB = 20.0, 1.0


def masked_psnr_db(a: Images, b: Images, mask: Images) -> PerImage:
    """PSNR over the pixels where mask, (batch, 1, height, width), is 1; infinite if they agree."""
    error = ((a - b).square() * mask).sum(dim=(1, 2, 3))
    return -10 * (error / (mask.sum(dim=(1, 2, 3)) * a.shape[1])).log10()


@final
class RemovalJudge(Judge):
    """For one fixed set of scenes with their element; images are judged in this order.

    Args:
        without: the scenes less their element, (n, chan, height, width).
        mask: 1 where the element is, (n, 1, height, width).
        clean: the scenes as the clean system delivers them.
    """

    rule = "removal"

    def __init__(self, without: Images, mask: Images, clean: Images):
        self.without, self.mask = without, mask
        self.rest_db = masked_psnr_db(clean, without, 1 - mask)
        self.thresholds = without.new_zeros(1)

    def scores(self, received: Images) -> Scores:
        """The smaller of both margins in dB, of the first len(received) scenes."""
        n = len(received)
        without, mask = self.without[:n], self.mask[:n]
        region = masked_psnr_db(received, without, mask) - REGION_DB
        rest = masked_psnr_db(received, without, 1 - mask) - (self.rest_db[:n] - REST_DB)
        return torch.minimum(region, rest)[:, None]

    def benign_scores(self, received: Images) -> Scores:
        """There is nothing to remove in a scene without the element: never a hit."""
        return received.new_full((len(received), 1), -float("inf"))

    def region_db(self, received: Images) -> Tensor:
        n = len(received)
        return masked_psnr_db(received, self.without[:n], self.mask[:n])
