"""Real latents to unit-power symbols and back.

    X = sqrt(k) z / ||z||,   z = first half of the latent + i second half          SemBugger Eq. (1)

Deviates: Eq. (1) has no sqrt(k), which would make the SNR depend on k (errata S15). Each image is
normalized alone; batch-wide normalization lets a triggered image change the power of clean ones.
"""

from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.errors import ConfigError
from semvet.types import Features, Symbols


def to_symbols(latent: Float[Tensor, "batch reals"], symbols: int) -> Symbols:
    """The first 2k reals of each latent as k symbols of mean power 1 per image.

    I is the first half, Q the second. More feature-map values than 2k are cut off, so that every
    bandwidth ratio can be met exactly. An all-zero latent stays zero.
    """
    z = latent[:, : 2 * symbols].float()
    z = z * (sqrt(symbols) / z.norm(dim=1, keepdim=True).clamp(min=1e-8))
    in_phase, quadrature = z.chunk(2, dim=1)
    return torch.complex(in_phase, quadrature)


def to_reals(y: Symbols, reals: int) -> Features:
    """Received symbols as `reals` real values, zero-padded where feature maps hold more than 2k."""
    values = torch.cat([y.real, y.imag], dim=1)
    return torch.nn.functional.pad(values, (0, reals - values.shape[1]))


def symbol_count(bandwidth_ratio: float, pixels: int) -> int:
    """k = floor(k/n times n). Raises ConfigError if that is none."""
    symbols = int(bandwidth_ratio * pixels + 1e-9)
    if symbols == 0:
        raise ConfigError(
            f"system.bandwidth_ratio: {bandwidth_ratio:.3g} of {pixels} pixel values gives no "
            f"symbol; take at least {1 / pixels:.2g} (1/{pixels})"
        )
    return symbols
