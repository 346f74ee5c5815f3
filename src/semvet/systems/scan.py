"""SCAN-style: wavelets, content-aware gates, channel-aware convolutions, allotted rate.

    x -> two-level Haar -> gates(x, C) -> convolutions, SNR attention -> short or long codeword
      -> unit power -> channel -> convolutions, SNR attention -> inverse Haar -> clip -> x_hat

    s      = (g_c coarse, g_f fine in 2x2 blocks)       16 maps a colour, at a quarter of the size
    h_0    = A(conv(s)),   h_i = h_{i-1} + A(conv(h_{i-1}))       A: PReLU, then SNR attention
    maps   = conv(h_2) + M s                              M: one matrix for all pixels
    uses   = k_long if E(s, C) < t(SNR) else k_short      symbols sent; the rest stays silent

All convolutions are 3x3; the decoder is the encoder's mirror, with the codeword's length as one
more map. C = log2(1 + |h|^2 Es/N0) is known to both ends, and the length to the receiver.

Paper: SemBugger Sec. V-A's description of SCAN (see `gates`); Zhang et al. 2024, of which only
    the abstract was available to us (see `rate`).
Deviates: the architecture is ours, and with it the linear path M, as in transform coding, and the
    clip in place of a sigmoid (D-017).
"""

from collections.abc import Sequence
from math import exp
from typing import Annotated, final

import torch
from annotated_types import Ge, Le
from torch import Generator, Tensor, nn

from semvet.channels import Channel
from semvet.systems.base import System, Transmission, as_features
from semvet.systems.layers.attention import SnrAttention
from semvet.systems.layers.convolution import PReLU, from_blocks, to_blocks
from semvet.systems.layers.gates import ContentGates
from semvet.systems.layers.grid import Grid
from semvet.systems.layers.wavelet import STRIDE, analyze, synthesize
from semvet.systems.objectives.rate import RateAllotment, codeword_lengths
from semvet.systems.symbols.power import symbol_count, to_symbols
from semvet.types import (
    BandwidthRatio,
    Draws,
    Images,
    ImageShape,
    LossTerms,
    Moment,
    OutputBias,
    PerImage,
    Symbols,
    Width,
)
from semvet.units import Decibels

FAINT = 0.1  # of He's weights, where a linear path leads past the convolution
INNER = 2  # residual convolutions in the encoder, and in the decoder


def convolution(inputs: int, outputs: int) -> nn.Conv2d:
    """3x3 with He's weights."""
    layer = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.normal_(layer.weight, std=(2 / (9 * inputs)) ** 0.5)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # it has one
    return layer


def clip(x: Tensor) -> Tensor:
    """[0, 1] with the gradient of the identity: a pixel driven out of range finds its way back.

    Under a sigmoid, one of the 16 pixels of every 4x4 block could stay black for good (D-017).
    """
    return x.clamp(0, 1).detach() + (x - x.detach())


@final
class Adaptive(nn.Module):
    """Convolution, PReLU, SNR attention; added to the input where the widths agree."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.body = nn.Sequential(convolution(inputs, outputs), PReLU())
        self.attention = SnrAttention(outputs)
        self.residual = inputs == outputs

    def forward(self, x: Tensor, capacity: PerImage) -> Tensor:
        y = self.attention(self.body(x), capacity)
        return x + y if self.residual else y


@final
class WithLinearPath(nn.Module):
    """conv(hidden) + M plain."""

    def __init__(self, hidden: int, plain: int, outputs: int):
        super().__init__()
        self.convolution = convolution(hidden, outputs)
        self.convolution.weight.data *= FAINT
        self.matrix = nn.Conv2d(plain, outputs, 1, bias=False)

    def forward(self, hidden: Tensor, plain: Tensor) -> Tensor:
        return self.convolution(hidden) + self.matrix(plain)


@final
class Coder(nn.Module):
    """The convolutions of one end: (batch, inputs, h, w) to (batch, outputs, h, w)."""

    def __init__(self, inputs: int, outputs: int, *, width: int):
        super().__init__()
        first = Adaptive(inputs, width)
        self.layers = nn.ModuleList([first, *(Adaptive(width, width) for _ in range(INNER))])
        self.last = WithLinearPath(width, inputs, outputs)

    def forward(self, x: Tensor, capacity: PerImage) -> Tensor:
        hidden = x
        for layer in self.layers:
            hidden = layer(hidden, capacity)
        return self.last(hidden, x)


@final
class SCAN(System):
    """Args:
    bandwidth_ratio: complex k/n, the mean over images; the papers' CR 1/4 is 1/8 here.
    width: filters of every inner convolution.
    spread: codewords of (1 - spread) k and (1 + spread) k symbols; 0: all of k, no evaluator.
    output_bias: sigmoid(output_bias) is the gray that is left out when sending and put back in
        when receiving; negative suits dark images.
    """

    def __init__(
        self,
        shape: ImageShape,
        *,
        bandwidth_ratio: BandwidthRatio = 1 / 8,
        width: Width = 48,
        spread: Annotated[float, Ge(0), Le(0.9)] = 0.25,
        output_bias: OutputBias = -2.0,
    ):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        self.short, self.long = codeword_lengths(self.symbols, spread)
        self.grid = Grid(self.shape, self.long, stride=STRIDE)
        chan, varies = self.shape.channels, self.short < self.long
        subbands = STRIDE**2 * chan
        # sending the usual gray would take most of the power
        self.nominal = 1 / (1 + exp(-output_bias))
        self.gates = ContentGates(chan)
        self.encoder = Coder(subbands, self.grid.maps, width=width)
        self.decoder = Coder(self.grid.maps + varies, subbands, width=width)
        self.rate = RateAllotment(subbands) if varies else None

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        """The last of them with its linear path: both end in the same feature maps."""
        inner: Sequence[Adaptive] = list(self.encoder.layers)  # type: ignore[arg-type]
        return [*(layer.body for layer in inner), self.encoder.last]

    def draw(self, channel: Channel, batch: int, *, rng: Generator) -> Draws:
        """Of one use of k_long symbols; in training mode also "long", a fair coin each."""
        noise = channel.draw(batch, self.long, rng=rng)
        if self.training and self.rate is not None:
            noise["long"] = torch.rand(batch, generator=rng, device=rng.device) < 0.5
        return noise

    def transmit(
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels,
        moment: Moment | None = None,
    ) -> Transmission:  # fmt: skip
        capacity = channel.capacity(noise, snr_db=snr_db)
        seen = self.look(x, capacity)
        long = torch.zeros_like(capacity, dtype=torch.bool)
        if self.rate is not None:
            quality = self.rate(seen, capacity)
            chosen = self.rate.choose(quality, snr_db=snr_db)
            long = noise.get("long", chosen)
        uses = torch.where(long, self.long, self.short)
        latent = self.encode(seen, capacity, uses)
        y = channel(latent, noise, snr_db=snr_db)
        received = self.decode(y, capacity, uses)
        terms: LossTerms = {}
        if self.rate is not None:
            terms = self.rate.terms(quality, received, x, long, snr_db=snr_db)
        return Transmission(received, as_features(latent), terms, uses.float())

    def look(self, x: Images, capacity: PerImage) -> Tensor:
        """What the encoder sees: gated subbands, (batch, 16 chan, height / 4, width / 4)."""
        x = self.grid.pad(x)
        coarse, fine = analyze(x - self.nominal)
        coarse_gate, fine_gate = self.gates(x, capacity)
        return torch.cat([coarse_gate * coarse, to_blocks(fine_gate * fine)], dim=1)

    def encode(self, seen: Tensor, capacity: PerImage, uses: Tensor) -> Symbols:
        """k_long symbols, the first `uses` of each image of mean power 1 and the rest zero."""
        reals = self.encoder(seen, capacity).flatten(1)[:, : 2 * self.long]
        z = to_symbols(reals * self.sent(uses).repeat(1, 2), self.long)
        return z * (uses / self.long).sqrt()[:, None]

    def decode(self, y: Symbols, capacity: PerImage, uses: Tensor) -> Images:
        """From received symbols, of which only the first `uses` carry anything but noise."""
        maps = self.grid.to_maps(y * self.sent(uses))
        if self.rate is not None:
            long = (uses > self.short).to(maps.dtype)[:, None, None, None]
            maps = torch.cat([maps, long.expand_as(maps[:, :1])], dim=1)
        subbands = self.decoder(maps, capacity).float()
        coarse, fine = subbands.tensor_split([4 * self.shape.channels], dim=1)
        return clip(self.grid.crop(synthesize(coarse, from_blocks(fine))) + self.nominal)

    def sent(self, uses: Tensor) -> Tensor:
        """(batch, k_long), whether a symbol is sent."""
        return torch.arange(self.long, device=uses.device) < uses[:, None]
