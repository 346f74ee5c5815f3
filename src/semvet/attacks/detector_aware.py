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
from semvet.systems import Detector, Transceiver, taken
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
        # what the detector draws comes from a stream that the first number begins
        begin = torch.randint(2**31, (2,), generator=rng, device=rng.device)
        own = stream(int(begin[0]), "statistic", device=rng.device)
        asked = 2 * min(self.looked_at, batch - victims)
        noise = _named("base", self.base.draw(link, batch, victims, rng=rng))
        noise["level"] = begin[1:] % self.levels
        noise |= _named("detector", self.against.draw(asked, link.system.shape, rng=own))
        for i, at in enumerate(self.against.points(link.nominal)):
            noise |= _named(f"point {i}", link.draw(asked * self.against.copies, rng=own, at=at))
        return noise

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        x = batch.sent[victims : victims + self.looked_at]
        levels = [self.base.trigger(x, level=k) for k in range(1, self.levels + 1)]
        x_k = torch.stack(levels).index_select(0, noise["level"]).squeeze(0)
        both = torch.cat([x, x_k.contiguous(memory_format=torch.channels_last)])
        questions = self.against.questions(both, taken(noise, "detector/"))
        answers = [
            link.transmit(questions, taken(noise, f"point {i}/"), at=at).received
            for i, at in enumerate(self.against.points(link.nominal))
        ]
        benign, triggered = self.against.score(both, answers).float().chunk(2)
        scale = benign.detach().abs().mean().clamp(min=1e-12)
        excess = (triggered - benign).relu().mean() / scale
        base = self.base.loss(link, batch, victims, taken(noise, "base/"))
        return base | {"excess": self.lambda_d * excess}


def _named(prefix: str, draws: Draws) -> Draws:
    return {f"{prefix}/{name}": value for name, value in draws.items()}
