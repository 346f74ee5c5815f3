"""One plug-in of each family that breaks a promise."""

import torch

from radio_lab.blur import Blur
from radio_lab.negative import Negative
from radio_lab.one_layer import OneLayer
from radio_lab.phase_noise import PhaseNoise
from radio_lab.stripes import Stripes
from semvet.defenses import Defended


class TooBright(Negative):
    """Its trigger leaves [0, 1]."""

    def trigger(self, x, *, level):
        return 1.5 * x if level else x


class Loud(PhaseNoise):
    """The 3 dB bug: all of the noise power in each real dimension."""

    def draw(self, batch, symbols, *, rng):
        noise = super().draw(batch, symbols, rng=rng)
        return noise | {"n": noise["n"] * 2**0.5}


class Together(OneLayer):
    """Power is normalized over the batch."""

    def encode(self, x, capacity):
        z = self.encoder(x).flatten(1)[:, : 2 * self.symbols]
        z = z / (2 * z.square().mean()).sqrt()
        return torch.complex(*z.chunk(2, dim=1))


class InPlace(Blur):
    """Works on the deployed system instead of on a copy."""

    vantage = Blur.vantage.AUDITOR

    def apply(self, view, *, rng):
        with torch.no_grad():
            for parameter in view.system.parameters():
                parameter.mul_(0.5)
        return Defended(view.link)


class Shuffled(Stripes):
    """Other images every time."""

    def load(self):
        data = super().load()
        order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(id(data)))
        return type(data)(data.train.take(order), data.test, data.source)
