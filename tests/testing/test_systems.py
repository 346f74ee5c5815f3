"""Each promise of a system is one that can be broken, and then it says so."""

import pytest
import torch
from torch import nn

from semvet.systems import JSCC
from semvet.systems.symbols.power import to_symbols
from semvet.testing import check_system


class FixedShape(JSCC):
    def __init__(self, shape, *, width: int = 4):
        super().__init__(shape, width=width)
        self.shape = (1, 28, 28)


class Rounded(JSCC):
    def __init__(self, shape, *, bandwidth_ratio: float = 1 / 8, width: int = 4):
        super().__init__(shape, bandwidth_ratio=max(bandwidth_ratio, 1 / 12), width=width)


class Unclipped(JSCC):
    def decode(self, y, capacity):
        return 3 * super().decode(y, capacity)


class Loud(JSCC):
    def encode(self, x, capacity):
        return 2 * super().encode(x, capacity)


class Noisy(JSCC):
    def decode(self, y, capacity):
        return super().decode(y + 0.1 * torch.randn_like(y), capacity)


class Counting(JSCC):
    def __init__(self, shape, *, width: int = 4):
        super().__init__(shape, width=width)
        self.calls = 0

    def decode(self, y, capacity):
        self.calls += 1
        return super().decode(y, capacity) / self.calls


class Centred(JSCC):
    def encode(self, x, capacity):
        latent = super().encode(x, capacity)
        return to_symbols(
            torch.view_as_real(latent - latent.mean(dim=0)).flatten(1) + 1e-3, self.symbols
        )


class Idle(JSCC):
    def __init__(self, shape, *, width: int = 4):
        super().__init__(shape, width=width)
        self.idle = nn.Linear(2, 2)


class Opaque(JSCC):
    def encode(self, x, capacity):
        return super().encode(x.round(), capacity)


class Annealed(JSCC):
    def modulate(self, latent, *, moment=None):
        return latent if moment is None else latent * moment.share / 2


class LeftOut(JSCC):
    def trained_in(self, phase):
        return self.encoder.parameters()


class Remembering(JSCC):
    def __init__(self, shape, *, width: int = 4):
        super().__init__(shape, width=width)
        self.calls = 0

    def transmitter_terms(self, latent, *, moment=None):
        self.calls += 1
        return {"calls": self.calls * latent.abs().mean()}


class Foreign(JSCC):
    @property
    def encoder_convolutions(self):
        return [nn.Conv2d(1, 1, 3)]


class Pooled(JSCC):
    @property
    def encoder_convolutions(self):
        return [nn.AvgPool2d(2)]


class TooMany(JSCC):
    def modulate(self, latent, *, moment=None):
        return torch.cat([latent, latent], dim=1)

    def decode(self, y, capacity):
        return super().decode(y[:, : self.symbols], capacity)


@pytest.mark.parametrize(
    ("system", "words"),
    [
        (FixedShape, r"it says its shape .*: shape is \(1, 28, 28\), not"),
        (Rounded, "a bandwidth ratio is met to the symbol: .* at k/n 0.0417 of 784 values"),
        (Unclipped, "what is received ranges from|symbols at .* ranges from"),
        (Loud, r"features have mean power 1 for each image: it is \[4.0"),
        (Noisy, "draws from torch's global stream"),
        (Counting, "pure function .*: a second time it is another image"),
        (Centred, "an image ignores its batch mates"),
        (Idle, "training reaches every parameter: no gradient for system.idle"),
        (Opaque, "a gradient reaches the image: "),
        (Annealed, "what training ends with: after the last step it is another"),
        (LeftOut, "trained in some phase: `trained_in` leaves out .*decoder"),
        (Remembering, "training step is pure: calls is another value a second time"),
        (Foreign, "layer 0 has parameters that are not the system's"),
        (Pooled, "layer 0 holds no Conv2d: AvgPool2d"),
        (TooMany, r"one shot systems send what they encode: \(4, 196\) is sent|it raised"),
    ],
)
def test_a_broken_promise_is_named(system, words):
    with pytest.raises(AssertionError, match=f"{system.__name__}: broken promise: .*{words}"):
        check_system(system, width=4)
