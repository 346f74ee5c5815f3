"""Links whose behaviour is known in closed form, for 1x8x8 images."""

from collections.abc import Sequence

import torch
from torch import nn

from semvet.channels import AWGN
from semvet.systems import System, TrainableLink, Transmission
from semvet.types import ImageShape

SHAPE = ImageShape(1, 8, 8)
TARGET = torch.eye(8)[None]


class Uncoded(System):
    """Pixels are the symbols. A white corner pixel brings out TARGET, whatever the channel does."""

    symbols = 32

    def __init__(self):
        super().__init__()
        self.shape = SHAPE
        self.gain = nn.Parameter(torch.ones(()))

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        return []

    def transmit(self, x, channel, noise, *, snr_db):
        sent = self.gain * x.flatten(1)
        y = channel(torch.complex(sent[:, :32], sent[:, 32:]), noise, snr_db=snr_db)
        seen = torch.cat([y.real, y.imag], dim=1).view_as(x).clamp(0, 1)
        return Transmission(torch.where(x[:, :, :1, :1] > 0.95, TARGET, seen), sent)


class Linear:
    """f(x) = x A' of flattened pixels: without clipping Cov f(x + e) is sigma^2 A A'."""

    def __init__(self, a):
        self.a = a

    def __call__(self, x, *, rng, air=None):
        return (x.flatten(1) @ self.a.T).view_as(x)


def backdoored(snr_db: float = 25.0) -> TrainableLink:
    return TrainableLink(Uncoded(), AWGN(), snr_db=snr_db)


def triggered(x):
    x = x.clone()
    x[:, :, 0, 0] = 1.0
    return x
