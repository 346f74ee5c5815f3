"""What the encoder makes of the auditor's images: features of Transmission, chunk by chunk."""

import torch
from torch import Generator

from semvet.systems import Transceiver
from semvet.types import Features, Images

CHUNK = 500  # images in one forward pass


@torch.no_grad()
def latents_of(system: Transceiver, x: Images, *, rng: Generator) -> Features:
    """The power-normalized symbols of each image, real parts then imaginary parts."""
    parts = x.split(CHUNK)
    return torch.cat([system.transmit(p, system.draw(len(p), rng=rng)).features for p in parts])
