"""Codecs as users bring them, for system `external`."""

import torch
from torch import nn


def convolutions(shape, symbols):
    chan, height, width = shape
    maps = -(-2 * symbols // (height // 2 * (width // 2)))
    encoder = nn.Sequential(
        nn.Conv2d(chan, 4, 3, stride=2, padding=1, padding_mode="replicate"), nn.GELU(),
        nn.Conv2d(4, 4, 3, padding=1), nn.GELU(), nn.Conv2d(4, maps, 3, padding=1),
    )  # fmt: skip
    decoder = nn.Sequential(nn.Linear(2 * symbols, chan * height * width), nn.Sigmoid())
    return encoder, decoder


class Real(nn.Module):
    """The encoder returns feature maps, more than are sent."""

    def __init__(self, shape, symbols):
        super().__init__()
        self.shape = shape
        height, width = (size + size % 2 for size in shape[1:])
        self.encoder, self.decoder = convolutions((shape[0], height, width), symbols)
        self.full = (shape[0], height, width)

    def encode(self, x):
        return self.encoder(nn.functional.pad(x, (0, self.shape[2] % 2, 0, self.shape[1] % 2)))

    def decode(self, y):
        x = self.decoder(torch.cat([y.real, y.imag], dim=1)).unflatten(1, self.full)
        return x[..., : self.shape[1], : self.shape[2]]


class Complex:
    """Not a module, but it has some; returns unit-power symbols."""

    def __init__(self, shape, symbols):
        self.inner = Real(shape, symbols)
        self.symbols = symbols

    def encode(self, x):
        z = self.inner.encode(x).flatten(1)[:, : 2 * self.symbols]
        z = torch.complex(*z.chunk(2, dim=1))  # there is no complex bf16
        return z / z.abs().square().mean(dim=1, keepdim=True).sqrt()

    def decode(self, y):
        return self.inner.decode(y)


class Shared(Real):
    """Both ends scale by one parameter."""

    def __init__(self, shape, symbols):
        super().__init__(shape, symbols)
        self.gain = nn.Parameter(torch.ones(()))

    def encode(self, x):
        return super().encode(x) * self.gain + self.gain

    def decode(self, y):
        return (super().decode(y) * self.gain).clamp(0, 1)
