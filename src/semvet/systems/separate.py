"""separate: an image file at the rate that an ideal channel code reaches.

    bytes = floor(k C / 8),   C = log2(1 + |h|^2 Es/N0)           x -> best file that fits -> x_hat

Source coding and channel coding apart, as today's systems do it: the reference line that a learned
system has to beat. The code has no gap to capacity, no delay and no error; the transmitter knows C.
Where no file is small enough: outage, and the receiver shows the mean image. That image is the only
thing to learn, so in training mode every image is an outage.

Paper: the "separation" baseline of Bourtsoulatze, Kurka, Gunduz 2019 (JPEG, WebP at capacity).
Deviates: the fixed header of a file is not counted by default, since a receiver knows it: at 28x28
    pixels it alone is larger than what the channel carries (D-023).
"""

from collections.abc import Sequence
from io import BytesIO
from typing import Literal, final

import numpy as np
import torch
from PIL import Image
from torch import nn

from semvet.channels import Channel
from semvet.systems.base import System, Transmission, as_features
from semvet.systems.symbols.power import symbol_count, to_symbols
from semvet.types import BandwidthRatio, Draws, Images, ImageShape, Moment
from semvet.units import Decibels

Codec = Literal["webp", "jpeg"]
WEBP_HEADER = 30  # bytes: RIFF, chunk and frame header of the simple lossy format


@final
class Separate(System):
    """Args:
    bandwidth_ratio: complex k/n; the papers' CR 1/4 is 1/8 here.
    codec: file format.
    count_header: whether the file's fixed header has to be sent, too.
    """

    learned = False

    def __init__(
        self,
        shape: ImageShape,
        *,
        bandwidth_ratio: BandwidthRatio = 1 / 8,
        codec: Codec = "webp",
        count_header: bool = False,
    ):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        self.codec: Codec = codec
        self.count_header = count_header
        self.mean_logit = nn.Parameter(torch.zeros(self.shape))

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        return []

    def transmit(
        self, x: Images, channel: Channel, noise: Draws, *, snr_db: Decibels,
        moment: Moment | None = None,
    ) -> Transmission:  # fmt: skip
        """Not differentiable in x. Each image on its own, on the CPU."""
        outage = self.mean_logit.sigmoid()
        received = outage.expand(x.shape)
        if not self.training:
            budget = (self.symbols * channel.capacity(noise, snr_db=snr_db) / 8).tolist()
            files = zip(x.detach().cpu(), budget, strict=True)
            best = [self._received(image, int(most)) for image, most in files]
            received = torch.stack([outage if y is None else y.to(x.device) for y in best])
        latent = torch.zeros(len(x), 2 * self.symbols, device=x.device)
        shown = min(latent.shape[1], self.shape.pixels)
        latent[:, :shown] = x.flatten(1)[:, :shown]
        return Transmission(received, as_features(to_symbols(latent, self.symbols)))

    def _received(self, image: torch.Tensor, budget: int) -> torch.Tensor | None:
        """The file of the highest quality that fits into `budget` bytes, decoded; None if none."""
        pixels = (image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        low, high, best = 0, 101, None  # quality `low` fits (or is 0), `high` does not
        while high - low > 1:
            quality = (low + high) // 2
            file = encode(pixels, self.codec, quality=quality)
            size = len(file) - (0 if self.count_header else header_size(file, self.codec))
            if size <= budget:
                low, best = quality, file
            else:
                high = quality
        return None if best is None else decode(best, channels=self.shape.channels)


def encode(pixels: np.ndarray, codec: Codec, *, quality: int) -> bytes:
    """(height, width, 1 or 3) uint8 to a file; quality 1 to 100."""
    buffer = BytesIO()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    extra = {"method": 6} if codec == "webp" else {"optimize": True}
    image.save(buffer, codec, quality=quality, **extra)
    return buffer.getvalue()


def decode(file: bytes, *, channels: int) -> torch.Tensor:
    """(channels, height, width) in [0, 1]."""
    image = Image.open(BytesIO(file), formats=("WEBP", "JPEG"))
    pixels = np.array(image.convert("L" if channels == 1 else "RGB"))
    return torch.from_numpy(pixels).view(*pixels.shape[:2], channels).permute(2, 0, 1) / 255


def header_size(file: bytes, codec: Codec) -> int:
    """Bytes before the entropy-coded data; a JPEG's hold its tables."""
    if codec == "webp":
        return WEBP_HEADER
    start = file.index(b"\xff\xda")  # the scan, whose own header gives its length
    return start + 2 + int.from_bytes(file[start + 2 : start + 4], "big")
