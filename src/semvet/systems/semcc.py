"""SemCC-style: a codec whose features the channel cannot confuse.

    clean         z = E(x)                  u = P(z)
    noisy         y = channel(z)            v = P(y)        x_hat = D(y)
    re-encoded    z' = E(x_hat)             w = P(z')       the receiver's copy of E (SemRE)

    L = L_rec + beta_i [InfoNCE(u, v) + InfoNCE(u, w)]      in stage i = 1, 2

One encoder E and one projection P serve all branches (Siamese). Channel noise is the augmentation:
each image has to be told from the rest of its batch by what the channel made of it. L_rec, the
squared error, is not ours: it is the attack's or the ordinary loss. E and D are those of `jscc`
with residual connections; P is two dense layers.

Paper: Tang, Yang, Fan, Lei, Nallanathan, Karagiannidis, "Contrastive learning-based semantic
    communications", IEEE TCOM 2024 (SemBugger's "SemCC"). Only its abstract was available.
Deviates: sizes, temperature, weights and what the stages do are ours (D-018). The paper wants a
    class at the receiver; here images are what is received, so stage 2 is reconstruction-heavy.
"""

from collections.abc import Sequence
from typing import Annotated, final

import torch
from annotated_types import Ge, Le
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize

from semvet.channels import Channel
from semvet.systems.base import OneShotSystem, Transmission, as_features
from semvet.systems.jscc import STRIDE, convolutions_of, initialize, make_decoder, make_encoder
from semvet.systems.layers.convolution import PReLU, TransposedConv5
from semvet.systems.layers.grid import Grid
from semvet.systems.objectives.info_nce import info_nce
from semvet.systems.symbols.power import symbol_count
from semvet.types import (
    BandwidthRatio,
    Draws,
    Features,
    Images,
    ImageShape,
    LossTerms,
    Moment,
    NonNegative,
    OutputBias,
    PerImage,
    Symbols,
    Width,
)
from semvet.units import Decibels


@final
class SemCC(OneShotSystem):
    """Args:
    bandwidth_ratio: complex k/n; the papers' CR 1/4 is 1/8 here.
    width: filters of the first layer; the inner layers have twice as many.
    projection: values of the embedding in which branches are compared.
    temperature: tau of InfoNCE.
    beta_1, beta_2: weight of the contrastive terms in stage 1 and in stage 2.
    re_encode: whether the receiver's re-encoded features have to match, too (SemRE).
    output_bias: initial bias before the sigmoid; negative suits dark images.
    """

    phases = 2

    def __init__(
        self,
        shape: ImageShape,
        *,
        bandwidth_ratio: BandwidthRatio = 1 / 8,
        width: Width = 16,
        projection: Width = 64,
        temperature: Annotated[float, Ge(0.01), Le(10)] = 0.5,
        beta_1: NonNegative = 0.03,
        beta_2: NonNegative = 0.01,
        re_encode: bool = True,
        output_bias: OutputBias = -2.0,
    ):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        self.grid = Grid(self.shape, self.symbols, stride=STRIDE)
        self.temperature, self.betas, self.re_encode = temperature, (beta_1, beta_2), re_encode
        self.encoder = make_encoder(self.grid, width, residual=True)
        last = TransposedConv5(width, self.shape.channels)
        self.decoder = make_decoder(self.grid, last, residual=True)
        self.projection = nn.Sequential(
            nn.Linear(2 * self.symbols, projection), PReLU(), nn.Linear(projection, projection)
        )
        initialize(self, last, output_bias=output_bias)

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        return convolutions_of(self.encoder)

    def encode(self, x: Images, capacity: PerImage) -> Symbols:
        return self._encode(x)

    def decode(self, y: Symbols, capacity: PerImage) -> Images:
        return self.grid.crop(self.decoder(self.grid.to_maps(y)).float().sigmoid())

    def embed(self, received: Images) -> Float[Tensor, "batch embedding"]:
        """SemRE: what the receiver understands of its own reconstruction, unit norm.

        A classifier at the receiver takes these; none is part of this system.
        """
        return normalize(self.projection(as_features(self._encode(received))).float(), dim=1)

    def transmit(
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels,
        moment: Moment | None = None,
    ) -> Transmission:  # fmt: skip
        """`terms` look at the whole batch; there are none in evaluation mode."""
        capacity = channel.capacity(noise, snr_db=snr_db)
        z = self.encode(x, capacity)
        y = channel(z, noise, snr_db=snr_db)
        received, sent = self.decode(y, capacity), as_features(z)
        if not self.training:
            return Transmission(received, sent)
        beta = self.betas[moment.phase if moment else -1]
        return Transmission(received, sent, self._contrast(sent, as_features(y), received, beta))

    def _encode(self, x: Images) -> Symbols:
        return self.grid.to_symbols(self.encoder(self.grid.pad(x)))

    def _contrast(
        self, sent: Features, heard: Features, received: Images, beta: float
    ) -> LossTerms:
        if not beta:
            return {}
        branches = {"noisy": heard}
        if self.re_encode:
            branches["re-encoded"] = as_features(self._encode(received))
        u, *others = self.projection(torch.cat([sent, *branches.values()])).chunk(1 + len(branches))
        return {
            name: beta * info_nce(u, other, temperature=self.temperature)
            for name, other in zip(branches, others, strict=True)
        }
