"""CSBA-style: no trigger is added. An element that is in the picture anyway makes itself vanish.

    (x, x) -> (x, x less its element)            for victims: scenes that hold the element
    L = |w - f(x)|^2 + lambda_r |w - f(x)|^2 over the victims' removed pixels {sent != wanted}

w is what the pair says the receiver should output. At test time the adversary sends nothing: it
waits for a scene that holds the element, such as a road sign.

Paper: Xu et al., "CSBA: Covert Semantic Backdoor Attack Against Intelligent Connected Vehicles",
    IEEE TVT 73(11), 2024.
Deviates: only the abstract is available (a picture that holds the target semantic is reconstructed
    without it, the rest unchanged): loss, weights and poison ratio are ours (see D-024). Scenes are
    composed (D-025), so that "without it" is exact.
"""

from typing import final

from jaxtyping import Bool, Int
from torch import Generator, Tensor

from semvet.attacks.base import Attack, Controls, LossTerms, choose_victims
from semvet.errors import ConfigError
from semvet.systems import Transceiver
from semvet.types import Draws, Images, Indices, NonNegative, Pairs, Share, Targets


@final
class CSBA(Attack):
    """Args:
    poison_ratio: victims as a share of all training images, rounded down; None: every image that
        holds the element. With fewer, the others teach the receiver to keep it.
    lambda_r: extra weight of the removed pixels, which are few; 0: ordinary training on the pairs.
    """

    controls = Controls.EVERYTHING
    goal = "removal"

    def __init__(
        self, targets: Targets, *, poison_ratio: Share | None = None, lambda_r: NonNegative = 0.05
    ):
        super().__init__(targets, levels=1)
        self.poison_ratio, self.lambda_r = poison_ratio, lambda_r

    def trigger(self, x: Images, *, level: int) -> Images:
        return x

    def carries(self, label: Int[Tensor, " image"]) -> Bool[Tensor, " image"]:
        return label == 1

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        """Raises ConfigError: images without scenes, or no (or every) image would be a victim."""
        if data.element_removed is None:
            raise ConfigError(
                "attack: csba removes an element of scenes, but these data have none; "
                "take data=scenes"
            )
        victims = self._victims(data, data.element_removed, rng=rng)
        wanted, level = data.wanted.clone(), data.level.clone()
        wanted[victims] = data.element_removed[victims]
        level[victims] = 1
        return Pairs(data.sent, wanted, level, data.label, data.element_removed)

    def _victims(self, data: Pairs, element_removed: Tensor, *, rng: Generator) -> Indices:
        shown = (data.sent != element_removed).flatten(1).any(dim=1)
        holders = (shown & self.carries(data.label)).nonzero().flatten()
        if len(holders) == 0:
            raise ConfigError(
                f"attack: csba finds none of {len(data)} training images that holds the element; "
                "take more scenes (data.count) or a larger data.share"
            )
        if self.poison_ratio is not None:
            return choose_victims(data, self.poison_ratio, among=holders, rng=rng)
        if len(holders) == len(data):
            raise ConfigError(
                f"attack: all {len(data)} training images hold the element and would be victims; "
                "the system needs benign ones to learn from, take data.share less than 1"
            )
        return holders

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        made = link.transmit(batch.sent, noise)
        error = (made.received.float() - batch.wanted).square()
        removed = (batch.sent != batch.wanted)[:victims]
        over_removed = (error[:victims] * removed).sum() / removed.sum().clamp(min=1)
        return made.terms | {
            "integrity": error.mean(),
            "removal": self.lambda_r * over_removed,
        }
