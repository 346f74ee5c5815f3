"""JSCC-q: learned transmission with a finite alphabet, as digital radios have one.

    x -> down -> down -> unit power -> nearest points -> channel -> up -> up -> sigmoid -> x_hat

    down  ResidualBlockDown, AF, residual blocks, AF, attention        half the size
    up    attention, AF, residual blocks, AF, ResidualBlockUp          twice the size
    AF    SNR attention; `residual` has the blocks, `constellation` the alphabet

The gradient of the nearest point is that of a soft assignment which hardens: sigma d^2, d being the
distance of neighbours in QAM, rises from .5 in steps of .5 that share the training equally.

Paper: Tung, Kurka, Jankowski, Gunduz, "DeepJSCC-Q", IEEE JSAIT 2022 (SemBugger's "JSCC-q").
Deviates: SemBugger describes "trainable vector quantization with a learnable codebook"; the cited
    paper has points in the complex plane, fixed or learned, and so do we. The latent has unit power
    per image before it is quantized. 32 filters instead of 256, for CPUs; sigma rises over the
    whole training instead of every 10,000 steps, and relative to d: 5 to 100, as in the paper, for
    64 points; an output bias (D-016).
"""

from collections.abc import Sequence
from typing import Annotated, Literal, final

from annotated_types import Ge, Le
from torch import Tensor, nn

from semvet.systems.base import OneShotSystem
from semvet.systems.layers.attention import SnrAttention
from semvet.systems.layers.grid import Grid
from semvet.systems.layers.residual import (
    AttentionBlock,
    Layer,
    ResidualBlock,
    ResidualBlockDown,
    ResidualBlockUp,
)
from semvet.systems.symbols.constellation import (
    QAM,
    Constellation,
    Learned,
    divergence_from_uniform,
)
from semvet.systems.symbols.power import symbol_count
from semvet.types import (
    BandwidthRatio,
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

STRIDE = 4  # image pixels per feature-map pixel, each way
SOFTEST = 0.5  # hardness at first, and the height of its steps: sigma 5 for 64-QAM


@final
class Conditioned(nn.Module):
    """Blocks in a row; those that adapt to the channel are told its capacity."""

    def __init__(self, *blocks: nn.Module):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor, capacity: PerImage) -> Tensor:
        for block in self.blocks:
            x = block(x, capacity) if isinstance(block, SnrAttention) else block(x)
        return x


def down(inputs: int, outputs: int, *, width: int, depth: int) -> list[nn.Module]:
    widths = [width] * depth + [outputs]
    return [
        ResidualBlockDown(inputs, width), SnrAttention(width),
        *(ResidualBlock(widths[i], widths[i + 1]) for i in range(depth)),
        SnrAttention(outputs), AttentionBlock(outputs),
    ]  # fmt: skip


def up(inputs: int, outputs: int, *, width: int, depth: int, bias: float = 0.0) -> list[nn.Module]:
    widths = [inputs] + [width] * depth
    return [
        AttentionBlock(inputs), SnrAttention(inputs),
        *(ResidualBlock(widths[i], widths[i + 1]) for i in range(depth)),
        SnrAttention(width), ResidualBlockUp(width, outputs, bias=bias),
    ]  # fmt: skip


@final
class JSCCQ(OneShotSystem):
    """Args:
    bandwidth_ratio: complex k/n; the papers' CR 1/4 is 1/8 here.
    points: M, of the alphabet.
    codebook: "qam", fixed; "learned", trained from there.
    hardness: largest sigma d^2 of the soft gradient, reached at the end of training.
    uniformity: weight of KL(P || uniform) in nats, P the points' mean likelihoods in a batch.
    width: filters; the cited paper has 256.
    depth: residual blocks between two changes of size; the cited paper has 3.
    output_bias: initial bias before the sigmoid; negative suits dark images.
    """

    constellation: Constellation

    def __init__(
        self,
        shape: ImageShape,
        *,
        bandwidth_ratio: BandwidthRatio = 1 / 8,
        points: Literal[4, 16, 64, 256] = 64,
        codebook: Literal["qam", "learned"] = "qam",
        hardness: Annotated[float, Ge(SOFTEST), Le(100)] = 10.0,
        uniformity: NonNegative = 0.0,
        width: Width = 32,
        depth: Annotated[int, Ge(1), Le(8)] = 3,
        output_bias: OutputBias = -2.0,
    ):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        self.grid = Grid(self.shape, self.symbols, stride=STRIDE)
        self.hardness, self.uniformity = hardness, uniformity
        self.constellation = (QAM if codebook == "qam" else Learned)(points)
        chan, maps = self.shape.channels, self.grid.maps
        self.encoder = Conditioned(
            *down(chan, width, width=width, depth=depth),
            *down(width, maps, width=width, depth=depth),
        )
        self.decoder = Conditioned(
            *up(maps, width, width=width, depth=depth),
            *up(width, chan, width=width, depth=depth, bias=output_bias),
        )

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        """All of them, those on skips and in attention blocks too."""
        return [module for module in self.encoder.modules() if isinstance(module, Layer)]

    def hardness_at(self, moment: Moment | None) -> float:
        """sigma d^2."""
        if moment is None:
            return self.hardness
        step = int(moment.share * self.hardness / SOFTEST)
        return min(SOFTEST * (1 + step), self.hardness)

    def encode(self, x: Images, capacity: PerImage) -> Symbols:
        return self.grid.to_symbols(self.encoder(self.grid.pad(x), capacity))

    def modulate(self, latent: Symbols, *, moment: Moment | None = None) -> Symbols:
        return self.constellation(latent, hardness=self.hardness_at(moment))

    def decode(self, y: Symbols, capacity: PerImage) -> Images:
        maps = self.decoder(self.grid.to_maps(y), capacity)
        return self.grid.crop(maps.float().sigmoid())

    def transmitter_terms(self, latent: Symbols, *, moment: Moment | None = None) -> LossTerms:
        if not self.uniformity:
            return {}
        likelihoods = self.constellation.likelihoods(latent, hardness=self.hardness_at(moment))
        return {"uniformity": self.uniformity * divergence_from_uniform(likelihoods)}

    def observe(self, latent: Symbols) -> dict[str, Tensor]:
        return self.constellation.observe(latent)

    def settle(self, observed: dict[str, Tensor]) -> None:
        self.constellation.settle(observed)
