"""Semantic smoothing: send noisy copies, average what comes back, certify the vote.

    S(x) = 1/N sum_j f(clip(x + e_j)),   e_j ~ N(0, sigma^2 I)              Eq. (12), Algorithm 2
    |S_i(x') - S_i(x)| <= L ||x' - x||_2                                    Theorem 1
    J(x) = argmax_y P[j(f(clip(x + e))) = y]                                 Eq. (14)
    J(x') = 0 while ||x' - x||_2 <= sigma Phi^-1(p0)                         Theorem 3

p0 is a lower confidence bound of P[j = 0] (one-sided Clopper-Pearson over the N copies); channel
noise and clipping are part of f. Theorem 3 certifies the vote J over single transmissions, not
the average S that is deployed (errata S6), and N copies are N transmissions. With N copies no
radius above sigma Phi^-1(alpha^(1/N)) can be certified; with so few that alpha^(1/N) <= 1/2, none.
Theorem 1 is about the exact expectation, of which the average of N copies is an estimate.

Paper: SemBugger Sec. IV-B, Theorems 1 and 3.
Deviates: p0 is not specified there; Eq. (12) does not clip, Algorithm 2 does, which biases the
    average (errata S3): `clip` selects. The paper's N is unknown (D-010). `reducer: median`, the
    middle copy of each pixel (the lower one of two), is not in the paper (D-036).
"""

from collections.abc import Iterator
from math import ceil, log
from typing import Annotated, Literal, final

import torch
from annotated_types import Gt, Le, Lt
from torch import Generator, Tensor

from semvet.certificates.lipschitz import theorem_1, tight
from semvet.channels import OperatingPoint
from semvet.defenses.base import Certificate, Defended, Defense, IsHit, Vantage, View
from semvet.errors import DefenseError
from semvet.metrics.statistics import rate_lower_bound
from semvet.systems import Link
from semvet.types import Count, Draws, Images, ImageShape, PerImage

CHUNK = 2048  # noisy copies in one forward pass; memory does not grow with N
Reducer = Literal["mean", "median"]


@final
class GaussianNoise:
    """clip(x + e), e ~ N(0, sigma^2 I): the transform of one copy."""

    def __init__(self, *, sigma: float, clip: bool):
        self.sigma, self.clip = sigma, clip

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        return {"e": torch.randn((batch, *shape), generator=rng, device=rng.device)}

    def __call__(self, x: Images, noise: Draws) -> Images:
        noisy = x + self.sigma * noise["e"]
        return noisy.clamp(0, 1) if self.clip else noisy


@final
class SemanticSmoothing(Defense):
    """Args:
    sigma: standard deviation of the noise, in pixel units.
    copies: N, transmissions per image.
    clip: noisy images are clipped to [0, 1], as in Algorithm 2.
    reducer: what is made of the copies. The median keeps max(N, 2048) received images at a time.
    alpha: 1 - confidence of each image's certificate.

    Raises DefenseError: sigma, copies or alpha outside their range.
    """

    vantage = Vantage.TRANSMITTER | Vantage.RECEIVER

    def __init__(
        self,
        *,
        sigma: Annotated[float, Gt(0), Le(4)] = 0.25,
        copies: Count = 100,
        clip: bool = True,
        reducer: Reducer = "mean",
        alpha: Annotated[float, Gt(0), Lt(0.5)] = 0.001,
    ):
        if not (sigma > 0 and copies >= 1 and 0 < alpha < 0.5):
            raise DefenseError(
                f"semantic-smoothing: sigma {sigma}, copies {copies}, alpha {alpha}; allowed: "
                "sigma above 0, copies of at least 1, alpha above 0 and below .5. Without noise "
                "there is nothing to smooth: the defense `none` is the plain link"
            )
        self.sigma, self.copies, self.alpha, self.reducer = sigma, copies, alpha, reducer
        self.transform = self.noise = GaussianNoise(sigma=sigma, clip=clip)

    def apply(self, view: View, *, rng: Generator) -> Defended:
        link = SmoothedLink(view.link, self.noise, copies=self.copies, reducer=self.reducer)
        largest = torch.tensor([self.alpha ** (1 / self.copies)], dtype=torch.float64)

        def certify(x: Images, is_hit: IsHit, rng: Generator) -> Certificate:
            safe = torch.cat([link.safe_votes(p, is_hit, rng=rng) for p in x.split(CHUNK)])
            p0 = rate_lower_bound(safe, self.copies, self.alpha)
            return Certificate(
                radius_of(p0, self.sigma), safe / self.copies, self.alpha, self.copies
            )

        return Defended(
            link,
            channel_uses_factor=float(self.copies),
            findings={
                "largest_radius": float(radius_of(largest, self.sigma)),  # 0: too few copies
                "fewest_copies_that_certify": int(log(self.alpha) / log(0.5)) + 1,
                "lipschitz_theorem_1": theorem_1(self.sigma),
                "lipschitz_tight": tight(self.sigma),
            },
            certify=certify,
        )


@final
class SmoothedLink(Link):
    """S of Eq. (12) as Algorithm 2 estimates it."""

    def __init__(
        self, link: Link, transform: GaussianNoise, *, copies: int, reducer: Reducer = "mean"
    ):
        self.link, self.transform, self.copies, self.reducer = link, transform, copies, reducer

    def received_copies(
        self, x: Images, *, rng: Generator, at: OperatingPoint | None = None
    ) -> Iterator[Tensor]:
        """(copies, batch, chan, height, width) in chunks along the first axis."""
        shape = ImageShape(*x.shape[1:])
        per_chunk = max(1, CHUNK // len(x))
        for chunk in range(ceil(self.copies / per_chunk)):
            count = min(per_chunk, self.copies - chunk * per_chunk)
            copies = x.repeat(count, 1, 1, 1)
            noisy = self.transform(copies, self.transform.draw(len(copies), shape, rng=rng))
            yield self.link(noisy, rng=rng, at=at).view(count, *x.shape)

    def __call__(self, x: Images, *, rng: Generator, at: OperatingPoint | None = None) -> Images:
        if self.reducer == "mean":
            return self._mean(x, rng=rng, at=at)
        few = max(1, CHUNK // self.copies)  # images whose copies are kept at a time
        return torch.cat([self._median(part, rng=rng, at=at) for part in x.split(few)])

    def _mean(self, x: Images, *, rng: Generator, at: OperatingPoint | None) -> Images:
        total = torch.zeros_like(x)
        for received in self.received_copies(x, rng=rng, at=at):
            total += received.sum(dim=0)
        return total / self.copies

    def _median(self, x: Images, *, rng: Generator, at: OperatingPoint | None) -> Images:
        return torch.cat([*self.received_copies(x, rng=rng, at=at)]).median(dim=0).values

    def safe_votes(self, x: Images, is_hit: IsHit, *, rng: Generator) -> PerImage:
        """How many of the N copies have j = 0.

        Raises DefenseError: what is received is no image in [0, 1].
        """
        safe = torch.zeros(len(x), device=x.device)
        for received in self.received_copies(x, rng=rng):
            low, high = received.aminmax()
            if not (low >= 0 and high <= 1):  # NaN is neither
                raise DefenseError(
                    f"semantic-smoothing: the link's outputs range from {low:.3g} to {high:.3g}, "
                    "and a certificate holds for [0, 1] only; end the decoder with a sigmoid or "
                    "a clip"
                )
            safe += (~is_hit(received.flatten(0, 1))).view(received.shape[:2]).sum(dim=0)
        return safe


def radius_of(p0: PerImage, sigma: float) -> PerImage:
    """Theorem 3's R = sigma Phi^-1(p0), in pixel units; 0 for p0 <= 1/2."""
    return (sigma * torch.special.ndtri(p0.clamp(min=0.5))).float()
