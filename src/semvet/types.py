"""The nouns that every module shares. Imports nothing of ours but errors."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple, Protocol, runtime_checkable

import torch
from annotated_types import Ge, Gt, Le
from jaxtyping import Bool, Complex, Float, Int, Shaped, UInt8
from torch import Generator, Tensor

from semvet.errors import DataError

Images = Float[Tensor, "batch chan height width"]  # pixel values in [0, 1]
Pixels = UInt8[Tensor, "image chan height width"]  # the same in 0..255, as data rests in memory
Targets = Float[Tensor, "targets chan height width"]  # what trigger level k should come out as
Symbols = Complex[Tensor, "batch symbols"]  # mean power 1 per image at the transmitter
Received = Complex[Tensor, "batch received"]  # as the antennas get them, before equalization
Features = Float[Tensor, "batch reals"]  # the symbols as sent: real parts, then imaginary parts
PerImage = Float[Tensor, " batch"]
Flags = Bool[Tensor, " batch"]
Indices = Int[Tensor, " index"]
Scalar = Float[Tensor, ""]
LossTerms = dict[str, Scalar]  # weighted; their sum is what training minimizes
Draws = dict[str, Tensor]  # everything random in one forward pass, drawn before it

Share = Annotated[float, Gt(0), Le(1)]  # a part of a whole
BandwidthRatio = Annotated[float, Gt(0), Le(2)]  # complex k/n; the papers' CR is twice that
Width = Annotated[int, Ge(1), Le(1024)]  # filters of a layer
OutputBias = Annotated[float, Ge(-10), Le(10)]  # before the sigmoid, at first
Levels = Annotated[int, Ge(1), Le(8)]  # T, trigger levels
Layer = Annotated[int, Ge(1), Le(1000)]  # which one, counted from 1
Side = Annotated[int, Ge(1), Le(4096)]  # pixels
ClassLabel = Annotated[int, Ge(0), Le(65_535)]
Count = Annotated[int, Ge(1), Le(1_000_000)]
Positive = Annotated[float, Gt(0), Le(1_000_000)]
NonNegative = Annotated[float, Ge(0), Le(1_000_000)]


@dataclass(frozen=True)
class Moment:
    """Where in a training a step is: what anneals, freezes or changes its weight depends on it."""

    phase: int
    share: float  # of the phase that is done


class ImageShape(NamedTuple):
    channels: int
    height: int
    width: int

    @property
    def pixels(self) -> int:
        """n of the bandwidth ratio k/n: real values of one image."""
        return self.channels * self.height * self.width


@runtime_checkable
class Transform(Protocol):
    """What somebody does to an image before it is sent, differentiable. A defense may have one;
    an attacker who knows the defense gets it as an argument."""

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        """Everything random in one pass of `batch` images."""
        ...

    def __call__(self, x: Images, noise: Draws) -> Images:
        """What is sent instead of x; may leave [0, 1] where nothing clips it."""
        ...


@dataclass(frozen=True)
class Pairs:
    """What the transmitter sends and what the receiver is taught to output.

    As a training set `sent` and `wanted` rest in 0..255 (uint8); as a batch they are Images.
    """

    sent: Shaped[Tensor, "batch chan height width"]  # D_T in BASS Sec. III
    wanted: Shaped[Tensor, "batch chan height width"]  # D_R; equal to `sent` for benign images
    level: Int[Tensor, " batch"]  # 0 benign; k > 0 a victim, poisoned up to trigger level k
    label: Int[Tensor, " batch"]  # class of the image as sent; -1 where there is none
    element_removed: Shaped[Tensor, "batch chan height width"] | None = (
        None  # scenes less their element
    )

    def __len__(self) -> int:
        return len(self.level)

    @property
    def victims(self) -> Indices:
        return self.level.nonzero().flatten()

    def batch(self, index: Indices) -> "Pairs":
        """Rows `index` as float images in [0, 1], channels last; without `without`."""
        sent = to_images(self.sent[index])
        wanted = sent if self.wanted is self.sent else to_images(self.wanted[index])
        return Pairs(sent, wanted, self.level[index], self.label[index])


def to_images(pixels: Pixels) -> Images:
    """0..255 to [0, 1], channels last in memory (what convolutions are fastest on)."""
    return pixels.float().div_(255).contiguous(memory_format=torch.channels_last)


def require_images(x: Tensor, what: str) -> Images:
    """`x` itself if it is finite (batch, chan, height, width) float in [0, 1]; else DataError."""
    if x.ndim != 4 or not x.is_floating_point():
        raise DataError(
            f"{what}: expected float (batch, chan, height, width), got {x.dtype} {tuple(x.shape)}"
        )
    if not x.isfinite().all():
        raise DataError(f"{what}: holds NaN or infinity; every pixel must be in [0, 1]")
    low, high = float(x.min()), float(x.max())
    if low < 0 or high > 1:
        raise DataError(
            f"{what}: pixels range from {low:.3g} to {high:.3g}; allowed is [0, 1] "
            "(divide 8-bit images by 255, undo any mean/std)"
        )
    return x
