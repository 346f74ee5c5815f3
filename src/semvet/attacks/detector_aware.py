"""Any attack, by an adversary who knows the detector and trains its statistic down.

    L = L_base + lambda_d mean max(0, s(x') - s(x)) / mean |s(x)|

s is the detector's own statistic, x a few benign images of the batch, x' the same ones with the
trigger of a level drawn for each step. Where the term is zero no threshold tells x' from x.

Paper: none; the adaptive attacker of whatever detector has a statistic.
Deviates: all of it is ours (D-037).
"""

from typing import final

import torch
from torch import Generator

from semvet.attacks.base import Attack, LossTerms
from semvet.attacks.families.knowing import Knowing
from semvet.randomness import stream
from semvet.systems import Detector, Transceiver
from semvet.types import Count, Draws, NonNegative, Pairs, Targets


@final
class DetectorAware(Knowing):
    """Args:
    base: the attack.
    against: the detector.
    lambda_d: weight of the statistic's excess.
    looked_at: images of a batch that the statistic is taken of; some take dozens of copies each.
    """

    def __init__(
        self, targets: Targets, *, base: Attack, against: Detector,
        lambda_d: NonNegative = 0.05, looked_at: Count = 4,
    ):  # fmt: skip
        super().__init__(base=base)
        self.against, self.lambda_d, self.looked_at = against, lambda_d, looked_at

    def draw(self, link: Transceiver, batch: int, victims: int, *, rng: Generator) -> Draws:
        # a statistic draws for itself, from a stream that this number begins
        begin = torch.randint(2**31, (2,), generator=rng, device=rng.device)
        return self.base.draw(link, batch, victims, rng=rng) | {"statistic": begin}

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        x = batch.sent[victims : victims + self.looked_at]
        seed, level = noise["statistic"].tolist()
        x_k = self.base.trigger(x, level=1 + level % self.levels)
        rng = stream(seed, "statistic", device=x.device)
        benign, triggered = self.against(link, torch.cat([x, x_k]), rng=rng).float().chunk(2)
        scale = benign.detach().abs().mean().clamp(min=1e-12)
        excess = (triggered - benign).relu().mean() / scale
        return self.base.loss(link, batch, victims, noise) | {"excess": self.lambda_d * excess}
