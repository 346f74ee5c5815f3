"""All certificates of one image from one stream of noisy copies."""

from collections.abc import Sequence

from torch import Generator

from semvet.certificates.results import ImageCertificates
from semvet.systems import Link
from semvet.types import Images, Targets

ALL = (
    "theorem-1", "total-variation", "mean", "trace", "spectral", "median", "center", "center-ssim",
)  # fmt: skip


def certify_image(
    link: Link,
    x: Images,
    *,
    sigma: float,
    n0: int,
    n: int,
    alpha: float,
    radii: Sequence[float],
    targets: Targets | None = None,
    clip: bool = False,
    certificates: Sequence[str] = ALL,
    rng: Generator,
) -> ImageCertificates:
    """Args:
    link: f; its outputs must lie in [0, 1], its channel is drawn anew for each copy.
    x: (1, chan, height, width) in [0, 1].
    sigma: of the smoothing noise, in pixel units.
    n0: copies that choose centers and thresholds.
    n: fresh copies, for the bounds.
    alpha: 1 - confidence.
    radii: L2, in pixel units; a curve has one value for each.
    targets: certify the mean's distance from each of them.
    clip: noisy images are clipped to [0, 1].
    certificates: names of ALL.

    Raises:
        DefenseError: arguments that mean nothing, too few copies for this alpha, and a link whose
            outputs leave [0, 1].
    """
    raise NotImplementedError
