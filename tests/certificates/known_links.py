"""Links whose smoothed outputs are known in closed form, 2x2 pixels."""

import torch
from scipy.stats import binom, norm

from semvet.randomness import stream

SIGMA, D = 0.25, 4
X = torch.full((1, 1, 2, 2), 0.5)
UNIT = torch.full((D,), 0.5)  # a unit vector of images


class HalfSpace:
    """All pixels are 1 where u.(z - X) >= sigma b, so that S_i(X + r u) = Phi(a - b)."""

    def __init__(self, share):
        self.b = -norm.ppf(share)  # S_i(X) = share

    def __call__(self, z, *, rng, air=None):
        on = (z - X).flatten(1) @ UNIT >= SIGMA * self.b
        return on.float()[:, None, None, None].expand(z.shape)

    def mean(self, a):
        return float(norm.cdf(a - self.b))


class Linear:
    """0.5 + J (z - X), clamped; the noise reaches the clamp once in 10^4 or never."""

    def __init__(self, slopes):
        self.slopes = torch.tensor(slopes)  # of the pixels, each on its own

    def __call__(self, z, *, rng, air=None):
        return (0.5 + self.slopes.view(X.shape) * (z - X)).clamp(0, 1)


def most_failures(repeats, alpha):
    """The 99.9 % quantile of failures of something that may fail with probability alpha."""
    return int(binom.ppf(0.999, repeats, alpha))


def generators(repeats):
    return (stream(i, "repeat") for i in range(repeats))
