"""Any attack, by an adversary who knows that the encoder will be pruned by its medians.

    L   = L_base + lambda_m mean_l |M_l(x') - M_l(x)|^2 / |M_l(x)|^2
    M_l = median over images of the absolute sum of each feature map of encoder layer l

x are the batch's benign images and x' the same ones with the strongest trigger. Median-activation
pruning (BASS Sec. IV-C) takes away kernels that benign images leave quiet, hoping that the backdoor
lives in those: here the backdoor has to live in the kernels that benign images use as much.

Paper: none; the adaptive attacker of BASS's pruning (after Liu et al. 2018, "pruning-aware").
Deviates: all of it is ours (D-037).
"""

from typing import final

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from semvet.attacks.base import Attack, LossTerms
from semvet.attacks.families.knowing import Knowing
from semvet.errors import ConfigError
from semvet.systems import Transceiver, taken
from semvet.systems.layers.feature_maps import recorded
from semvet.types import Draws, Layer, NonNegative, Pairs, Scalar, Targets


@final
class PruningAware(Knowing):
    """Args:
    base: the attack.
    lambda_m: weight of the medians' distance.
    first_layer, last_layer: of the encoder, those that will be pruned.
    """

    def __init__(
        self, targets: Targets, *, base: Attack, lambda_m: NonNegative = 0.05,
        first_layer: Layer = 2, last_layer: Layer = 4,
    ):  # fmt: skip
        super().__init__(base=base)
        self.lambda_m, self.first, self.last = lambda_m, first_layer, last_layer

    def draw(self, link: Transceiver, batch: int, victims: int, *, rng: Generator) -> Draws:
        both = link.draw(2 * (batch - victims), rng=rng)
        base = self.base.draw(link, batch, victims, rng=rng)
        return base | {f"medians/{name}": value for name, value in both.items()}

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        x = batch.sent[victims:]
        sent = torch.cat([x, self.base.trigger(x, level=self.levels)])
        layers = link.system.encoder_convolutions[self.first - 1 : self.last]
        if not layers:
            raise ConfigError(
                f"attack.first_layer: {self.first}, but the encoder has "
                f"{len(link.system.encoder_convolutions)} convolutions"
            )
        with recorded(layers) as maps:
            link.transmit(sent, taken(noise, "medians/"))
        apart = torch.stack([distance(each[0].float()) for each in maps]).mean()
        return self.base.loss(link, batch, victims, noise) | {"medians": self.lambda_m * apart}


def distance(maps: Float[Tensor, "both kernels height width"]) -> Scalar:
    """|M(x') - M(x)|^2 / |M(x)|^2 of maps whose first half belongs to x, the second to x'."""
    benign, triggered = (half.median(dim=0).values for half in maps.abs().sum(dim=(2, 3)).chunk(2))
    return (triggered - benign).square().sum() / benign.detach().square().sum().clamp(min=1e-12)
