"""Output covariance: where do the outputs go when the image is shaken?

    y_j = f(clip(x + e_j)),   e_j ~ N(0, sigma^2 I),   j = 1..N
    C   = 1/(N-1) sum_j (y_j - mean y)(y_j - mean y)'          pixels x pixels, never built
    G   = 1/(N-1) (y_i - mean y)'(y_j - mean y)                N x N, with the same eigenvalues
    score(x) = - lambda_max(C)

Noise that stumbles over a backdoor throws the output of a benign image towards a target: C has one
large eigenvalue, whose eigenvector points from the image to the target. In a clean system C is
small and spread over many directions. Neither a trigger nor a clean system is needed.

That speaks about the system, and is in the findings: the medians of lambda_max and of the effective
rank tr C / lambda_max, and whether the top eigenvectors of different images agree (mean |cos| of
all pairs). They are compared with nothing. Of single images the opposite holds: one with a trigger
is at its target already and noise does not move it, so little covariance is suspicious.

Paper: none.
Deviates: all of it is ours (D-035). Channel noise is part of f, so lambda_max has a floor that
    grows as the SNR falls.
"""

from collections.abc import Sequence
from typing import Annotated, Any, final

import torch
from annotated_types import Ge, Gt, Le
from jaxtyping import Float
from torch import Generator, Tensor

from semvet.channels import OperatingPoint
from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.semantic_smoothing import GaussianNoise
from semvet.defenses.statistics.asking import CHUNK, answers_of
from semvet.defenses.statistics.conformal import FalsePositives, detection_of
from semvet.systems import Link
from semvet.systems.transceiver.detector import Points, Questions
from semvet.types import Count, Draws, Images, ImageShape, PerImage

Outputs = Float[Tensor, "batch copies reals"]  # of noisy copies, less their mean


@final
class Stillness:
    """Minus lambda_max of Cov f(clip(x + e)), in squared pixel units, summed over pixels."""

    def __init__(self, *, sigma: float, copies: int, clip: bool):
        self.noise, self.copies = GaussianNoise(sigma=sigma, clip=clip), copies

    def draw(self, batch: int, shape: ImageShape, *, rng: Generator) -> Draws:
        return self.noise.draw(batch * self.copies, shape, rng=rng)

    def points(self, nominal: OperatingPoint | None) -> Points:
        return (None,)

    def questions(self, x: Images, draws: Draws) -> Questions:
        return self.noise(x.repeat_interleave(self.copies, dim=0), draws)

    def score(self, x: Images, answers: Sequence[Questions]) -> PerImage:
        y = self.spread(x, answers)
        return -torch.linalg.eigvalsh(y @ y.mT / (self.copies - 1))[:, -1]

    def spread(self, x: Images, answers: Sequence[Questions]) -> Outputs:
        """What N noisy copies of each image are received as, less their mean."""
        y = answers[0].view(len(x), self.copies, -1)
        return y - y.mean(dim=1, keepdim=True)


@final
class OutputCovariance(Defense):
    """Args:
    sigma: standard deviation of the noise, in pixel units.
    copies: N, noisy copies of each image, none of which goes over the air.
    clip: noisy images are clipped to [0, 1].
    looked_at: own images that the findings are computed from, at most.
    false_positives: share of benign images above the threshold.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(
        self,
        *,
        sigma: Annotated[float, Gt(0), Le(4)] = 0.1,
        copies: Annotated[int, Ge(2), Le(1024)] = 32,
        clip: bool = True,
        looked_at: Count = 200,
        false_positives: FalsePositives = 0.01,
    ):
        self.statistic = self.stillness = Stillness(sigma=sigma, copies=copies, clip=clip)
        self.looked_at, self.false_positives = looked_at, false_positives

    def apply(self, view: View, *, rng: Generator) -> Defended:
        detection = detection_of(
            self.stillness, view.link, view.images, false_positives=self.false_positives, rng=rng
        )
        findings, directions = self._look(view.link, view.images[: self.looked_at], rng=rng)
        return Defended(
            view.link,
            findings=findings,
            pictures={"top_directions": directions},
            detection=detection,
        )

    @torch.no_grad()
    def _look(self, link: Link, x: Images, *, rng: Generator) -> tuple[dict[str, Any], Tensor]:
        found = [
            spectrum(self.stillness.spread(part, answers_of(self.stillness, link, part, rng=rng)))
            for part in x.split(CHUNK)
        ]
        largest, rank, vectors = (torch.cat(parts) for parts in zip(*found, strict=True))
        findings = {
            "lambda_max_median": float(largest.median()),
            "effective_rank_median": float(rank.median()),
            "mean_pairwise_cosine": agreement(vectors),
        }
        return findings, vectors.view(len(x), *x.shape[1:])


def spectrum(y: Outputs) -> tuple[PerImage, PerImage, Float[Tensor, "batch reals"]]:
    """lambda_max, tr C / lambda_max and the top eigenvector (unit length) of each covariance."""
    values, inner = torch.linalg.eigh(y @ y.mT / (y.shape[1] - 1))
    largest = values[:, -1].clamp(min=1e-12)  # a constant output has no direction
    vectors = torch.einsum("bn,bnd->bd", inner[:, :, -1], y)
    return largest, values.sum(dim=1) / largest, torch.nn.functional.normalize(vectors, dim=1)


def agreement(directions: Float[Tensor, "batch reals"]) -> float:
    """Mean |cos| over all pairs of different images; 0 for a single one."""
    n = len(directions)
    cosines = (directions @ directions.T).abs()
    return float((cosines.sum() - cosines.trace()) / max(n * (n - 1), 1))
