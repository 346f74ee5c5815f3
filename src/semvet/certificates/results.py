"""What is certified for one image, as plain numbers.

    S(x)   the smoothed picture: mean, median or center of f(x + sigma e, channel)
    x'     any image with |x' - x|_2 <= r, r in pixel units

Every number holds for all x' at once and, at each radius, with probability 1 - alpha over the
copies that were drawn. Three smoothers are three systems: never take the better of two of them.
"""

from dataclasses import asdict, dataclass
from typing import Any, final


@final
@dataclass(frozen=True)
class Curve:
    """One certificate over the radii, in dB from 0 (nothing is certified) to 100."""

    smoother: str  # "mean", "median", "center": what is sent instead of f(x)
    words: str  # for a legend
    between_db: list[float]  # PSNR(S(x'), S(x)) is at least this
    truth_db: list[float]  # PSNR(S(x'), x) is at least this
    abstained: list[bool]  # too few copies for this radius, or 0 dB: counts as a failure


@final
@dataclass(frozen=True)
class SSIMCurve:
    """The same for the center in SSIM's own distance; SSIM from -1 (nothing) to 1."""

    smoother: str  # "center-ssim"
    between: list[float]  # SSIM(S(x'), S(x)) is at least this
    truth: list[float]  # SSIM(S(x'), x) is at least this
    abstained: list[bool]


@final
@dataclass(frozen=True)
class TargetCurve:
    """How near the mean S(x') can come to one target, over the radii."""

    way: list[float]  # at most this share of the way from c, the usual output, to the target
    psnr_db: list[float]  # PSNR(S(x'), target) is at most this; 100: nothing is certified
    usual_db: float  # PSNR(c, target), for comparison


@final
@dataclass(frozen=True)
class ImageCertificates:
    """Args:
    sigma, clip: the smoothing noise, in pixel units, and whether noisy images are clipped.
    n0, n: copies that made choices, and fresh ones that every bound is estimated on.
    alpha: 1 - confidence, of each smoother's curves together and of all targets together.
    radii: r of every list.
    average_db: PSNR of the average of n copies to S itself, at least (what is sent is an average).
    curves: by the certificate's name; `best-of-mean` is the best of the mean's at each radius.
    targets: in the order of the targets that were given.
    """

    sigma: float
    clip: bool
    n0: int
    n: int
    alpha: float
    radii: list[float]
    average_db: float | None
    curves: dict[str, Curve]
    center_ssim: SSIMCurve | None
    targets: list[TargetCurve]

    def record(self) -> dict[str, Any]:
        """Plain values for a result file."""
        return asdict(self)
