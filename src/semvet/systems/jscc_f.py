"""JSCC-f: rounds of transmission, each told by feedback what the receiver has got so far.

    round 0   z_0 = E_0(x)              y_0 = channel(z_0)   x_0 = D_0(y_0)
    round i   z_i = E_i(x, b_{i-1})     y_i = channel(z_i)   x_i = M_i(x_{i-1}, D_i(y_0 .. y_i))
    feedback  f_i = y_i, or y_i + noise                      b_i = M_i(b_{i-1}, D_i(f_0 .. f_i))

The k symbols are divided among L layers (rounds). b_i is the transmitter's belief of x_i, made by
its own copy of the decoder; without feedback noise it is x_i itself. One fading state lasts for
all rounds.

    E_i: conv 9x9 s2 -> 5x5 s2 -> 5x5 -> 5x5 -> 5x5 -> unit power      GDN and PReLU but the last
    D_i: conv 5x5 -> 5x5 -> 5x5 -> tconv 5x5 s2 -> tconv 9x9 s2        IGDN and PReLU, sigmoid last
    M_i: sigmoid(logit(x_{i-1}) + conv 3x3 (PReLU(conv 3x3 -> 48)))

Paper: Kurka, Gunduz, "DeepJSCC-f", IEEE JSAIT 2020 (SemBugger's "JSCC-f").
Deviates: SemBugger describes "CSI reports and ACKs over time-varying fading"; the cited paper feeds
    back the channel's output, and so do we. 64 filters and 2 layers instead of 256 and 3, for CPUs;
    one PReLU slope per layer; He initialization and an output bias; M_i corrects x_{i-1} instead of
    making a new image, so that a layer starts from what the earlier ones reached (D-015).
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, final

import torch
from annotated_types import Ge, Le
from torch import Generator, Tensor, nn

from semvet.channels import Channel
from semvet.errors import ConfigError
from semvet.randomness import complex_normal
from semvet.systems.base import System, Transmission, as_features
from semvet.systems.layers.convolution import Conv5, PReLU, TransposedConv5
from semvet.systems.layers.gdn import GDN
from semvet.systems.layers.grid import Grid
from semvet.systems.symbols.power import symbol_count
from semvet.systems.transceiver.link import taken
from semvet.types import (
    BandwidthRatio,
    Draws,
    Images,
    ImageShape,
    Moment,
    OutputBias,
    Symbols,
    Width,
)
from semvet.units import Decibels, noise_amplitude

STRIDE = 4  # image pixels per feature-map pixel, each way
COMBINER_WIDTH = 48
CAUTION = 0.1  # of He's weights at first, where an image is corrected
LEAST = 1e-4  # of a pixel and of its distance from 1, for the logit


def down(inputs: int, width: int, *, kernel: int = 5, stride: int = 1) -> nn.Sequential:
    conv = (
        Conv5(inputs, width, stride=stride)
        if kernel == 5
        else nn.Conv2d(inputs, width, kernel, stride=stride, padding=kernel // 2)
    )
    return nn.Sequential(conv, GDN(width), PReLU())


def up(layer: nn.Module, width: int) -> nn.Sequential:
    return nn.Sequential(layer, GDN(width, inverse=True), PReLU())


@final
class Layer(nn.Module):
    """One round: E_i, D_i and, after the first round, M_i.

    Args:
        grid: of this round's symbols.
        heard: feature maps of all rounds up to this one, which the decoder sees.
        first: whether there is no earlier reconstruction to build on.
    """

    def __init__(self, grid: Grid, heard: int, *, width: int, first: bool, output_bias: float):
        super().__init__()
        chan, w = grid.shape.channels, width
        self.grid = grid
        self.encoder = nn.Sequential(
            down(chan if first else 2 * chan, w, kernel=9, stride=2), down(w, w, stride=2),
            down(w, w), down(w, w), nn.Sequential(Conv5(w, grid.maps)),
        )  # fmt: skip
        last = nn.ConvTranspose2d(w, chan, 9, stride=2, padding=4, output_padding=1)
        self.decoder = nn.Sequential(
            up(Conv5(heard, w), w), up(Conv5(w, w), w), up(Conv5(w, w), w),
            up(TransposedConv5(w, w), w), last,
        )  # fmt: skip
        combined = nn.Conv2d(COMBINER_WIDTH, chan, 3, padding=1)
        self.combiner = None if first else nn.Sequential(
            nn.Conv2d(2 * chan, COMBINER_WIDTH, 3, padding=1), PReLU(), combined
        )  # fmt: skip
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                # a transposed convolution of stride 2 sums a quarter of its products
                share = 1 / 4 if isinstance(module, nn.ConvTranspose2d) else 1
                fan_in = module.in_channels * module.kernel_size[0] ** 2 * share
                nn.init.normal_(module.weight, std=(2 / fan_in) ** 0.5)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # they all have one
        nn.init.constant_(last.bias, output_bias)  # type: ignore[arg-type]  # it has one
        combined.weight.data *= CAUTION

    def encode(self, x: Images, belief: Images | None) -> Symbols:
        known = x if belief is None else torch.cat([belief, x], dim=1)
        return self.grid.to_symbols(self.encoder(self.grid.pad(known)))

    def decode(self, heard: Tensor, before: Images | None) -> Images:
        """From the maps of all rounds so far and the reconstruction of the last one."""
        image = self.grid.crop(self.decoder(heard).sigmoid())
        if self.combiner is not None and before is not None:
            correction = self.combiner(torch.cat([before, image], dim=1)).float()
            image = (torch.logit(before, eps=LEAST) + correction).sigmoid()
        return image.float()


@final
class JSCCF(System):
    """Args:
    bandwidth_ratio: complex k/n of all rounds together; the papers' CR 1/4 is 1/8 here.
    layers: L, rounds.
    width: filters of every convolution; the cited paper has 256.
    training: "greedy", layer after layer with the earlier ones frozen; "joint", all at once.
    feedback_snr_db: Es/N0 of the feedback channel (AWGN); None: noiseless.
    output_bias: initial bias before the sigmoid; negative suits dark images.

    Raises:
        ConfigError: fewer symbols than layers.
    """

    def __init__(
        self,
        shape: ImageShape,
        *,
        bandwidth_ratio: BandwidthRatio = 1 / 8,
        layers: Annotated[int, Ge(1), Le(8)] = 2,
        width: Width = 64,
        training: Literal["greedy", "joint"] = "greedy",
        feedback_snr_db: Annotated[float, Ge(-30), Le(100)] | None = None,
        output_bias: OutputBias = -2.0,
    ):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        if self.symbols < layers:
            raise ConfigError(
                f"system.layers: {layers} rounds of {self.symbols} symbols in all; allowed: 1 to "
                f"{self.symbols}, or a larger system.bandwidth_ratio"
            )
        self.feedback_snr_db = feedback_snr_db
        self.phases = layers if training == "greedy" else 1
        self.layers = nn.ModuleList()
        heard = 0
        for i in range(layers):
            share = self.symbols // layers + (i < self.symbols % layers)
            grid = Grid(self.shape, share, stride=STRIDE)
            heard += grid.maps
            self.layers.append(
                Layer(grid, heard, width=width, first=i == 0, output_bias=output_bias)
            )

    @property
    def rounds(self) -> Sequence[Layer]:
        return list(self.layers)  # type: ignore[arg-type]  # ModuleList forgets what it holds

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        return [convolution for layer in self.rounds for convolution in layer.encoder]

    def trained_in(self, phase: int) -> Iterable[nn.Parameter]:
        """Greedy: phase i trains round i; the earlier ones are frozen."""
        return self.parameters() if self.phases == 1 else self.layers[phase].parameters()

    def taking_place(self, moment: Moment | None) -> Sequence[Layer]:
        """Greedy: phase i ends with round i."""
        return (
            self.rounds if moment is None or self.phases == 1 else self.rounds[: moment.phase + 1]
        )

    def draw(self, channel: Channel, batch: int, *, rng: Generator) -> Draws:
        """Entries "i/name" of round i: one fading state, noise of their own, feedback noise."""
        noise: Draws = {}
        first: Draws = {}
        for i, layer in enumerate(self.rounds):
            k = layer.grid.symbols
            use = channel.draw_again(first, k, rng=rng) if i else channel.draw(batch, k, rng=rng)
            first = first or use
            if self.feedback_snr_db is not None:
                use = use | {"feedback": complex_normal((batch, k), rng=rng)}
            noise |= {f"{i}/{name}": value for name, value in use.items()}
        return noise

    def transmit(
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels,
        moment: Moment | None = None,
    ) -> Transmission:  # fmt: skip
        sent: list[Symbols] = []
        heard: list[Tensor] = []  # by the receiver, as feature maps
        told: list[Tensor] = []  # to the transmitter, by feedback
        image: Images | None = None
        belief: Images | None = None
        rounds = self.taking_place(moment)
        for i, layer in enumerate(rounds):
            use = taken(noise, f"{i}/")
            sent.append(layer.encode(x, belief))
            y = channel(sent[-1], use, snr_db=snr_db)
            heard.append(layer.grid.to_maps(y))
            image = layer.decode(torch.cat(heard, dim=1), image)
            if self.feedback_snr_db is None:
                belief = image
            elif i + 1 < len(rounds):
                y = y + noise_amplitude(self.feedback_snr_db) * use["feedback"]
                told.append(layer.grid.to_maps(y))
                belief = layer.decode(torch.cat(told, dim=1), belief)
        assert image is not None
        return Transmission(image, as_features(torch.cat(sent, dim=1)))
