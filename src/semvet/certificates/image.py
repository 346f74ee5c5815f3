"""All certificates of one image from one stream of noisy copies.

    n0 copies  -> truncation level, centers, directions and thresholds
    n copies   -> average, pairs, histogram, distances, counts  -> bounds -> dB over the radii

Each smoother's curves hold together with confidence 1 - alpha: the mean's share alpha equally
between its four statements (the average's pixels, tr C, lambda_max, the average as a picture), so
the best of them, `best-of-mean`, is a certificate too. The targets, which speak about the mean as
well, have an alpha of their own. Bounds on the mean and on targets hold at all radii at once,
those of median and center at each.
"""

from collections.abc import Sequence
from math import inf
from typing import final

import torch
from torch import Generator

from semvet.certificates.bounds import smallest_copies
from semvet.certificates.center import Center, rmse_distance, smallest_choice
from semvet.certificates.chi_square import Spread, average_rmse
from semvet.certificates.mean import PerPixel, mean_interval, mean_reach
from semvet.certificates.median import Histogram, median_movement, median_reach
from semvet.certificates.of_mean import OF_MEAN, MeanSeen
from semvet.certificates.psnr import rmse, rmse_to, rmse_to_db
from semvet.certificates.results import Curve, ImageCertificates, SSIMCurve, TargetCurve
from semvet.certificates.sampling import samples
from semvet.certificates.target import Direction
from semvet.errors import DefenseError
from semvet.metrics.ssim_distance import ssim_distance, ssim_of_distance
from semvet.systems import Link, Transceiver
from semvet.types import Images, Targets, require_images

ALL = (*OF_MEAN, "median", "center", "center-ssim")
BEST = "best-of-mean"
STATEMENTS = 4  # about the mean, that share alpha


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
    n0: copies that choose centers and thresholds; they are all kept in memory.
    n: fresh copies, for the bounds.
    alpha: 1 - confidence.
    radii: L2, in pixel units; a curve has one value for each.
    targets: as large as x; certify the mean's distance from each of them.
    clip: noisy images are clipped to [0, 1].
    certificates: names of ALL. Those of the mean come with `best-of-mean`.
    rng: on the device of x.

    Raises:
        DefenseError: arguments that mean nothing, too few copies for this alpha, and a link whose
            outputs leave [0, 1].
    """
    _require_steady(link)
    _require(x, n0=n0, n=n, alpha=alpha, radii=radii, certificates=certificates)
    first = torch.cat(list(samples(link, x, sigma=sigma, n=n0, clip=clip, rng=rng)))
    seen = Seen(first, certificates, targets, n=n)
    for y in samples(link, x, sigma=sigma, n=n, clip=clip, rng=rng):
        seen.add(y)
    curves, average_db = seen.of_mean(x.flatten(), sigma, radii, alpha)
    if seen.histogram:
        curves["median"] = seen.of_median(x.flatten(), sigma, radii, alpha)
    if "center" in seen.centers:
        curves["center"] = seen.of_center(x, sigma, radii, alpha)
    return ImageCertificates(
        sigma, clip, n0, n, alpha, list(radii), average_db, curves,
        seen.of_center_ssim(x, sigma, radii, alpha), seen.of_targets(sigma, radii, alpha),
    )  # fmt: skip


@final
class Seen:
    """What the stream leaves behind, and the curves that follow from it."""

    def __init__(
        self, first: Images, certificates: Sequence[str], targets: Targets | None, *, n: int
    ):
        self.n = 0
        self.certificates = [name for name in OF_MEAN if name in certificates]
        self.sum = first.new_zeros(first[0].numel(), dtype=torch.float64)
        self.spread = (
            Spread(first, spectral="spectral" in certificates) if self.certificates else None
        )
        self.histogram = Histogram(first) if "median" in certificates else None
        self.centers = {
            name: Center(first, distance, n=n)
            for name, distance in (("center", rmse_distance), ("center-ssim", ssim_distance))
            if name in certificates
        }
        self.directions = [Direction(first, t) for t in (() if targets is None else targets)]

    def add(self, y: Images) -> None:
        self.n += len(y)
        self.sum += y.flatten(1).sum(dim=0)
        fed = (self.spread, self.histogram, *self.centers.values(), *self.directions)
        for collector in fed:
            if collector is not None:
                collector.add(y)

    def of_mean(
        self, x: PerPixel, sigma: float, radii: Sequence[float], alpha: float
    ) -> tuple[dict[str, Curve], float | None]:
        """Curves by name, and the average's PSNR to S."""
        if self.spread is None:
            return {}, None
        each, average = alpha / STATEMENTS, self.sum / self.n
        here = mean_interval(average, self.n, each)
        trace = self.spread.trace_upper(each)
        off = average_rmse(trace, self.n, each)
        start = rmse(average - x) + off  # RMSE(S(x), x)
        spectral = self.spread.spectral_upper(each) if "spectral" in self.certificates else 1.0
        seen, steps = MeanSeen(sigma, here, trace, spectral), [r / sigma for r in radii]
        between = {n: [OF_MEAN[n].moved(seen, a) for a in steps] for n in self.certificates}
        truth = {name: [start + e for e in moved] for name, moved in between.items()}
        if "mean" in truth:
            reach = [rmse_to(x, mean_reach(here, a)) for a in steps]
            truth["mean"] = [min(pair) for pair in zip(truth["mean"], reach, strict=True)]
        for kind in (between, truth):
            kind[BEST] = [min(values) for values in zip(*kind.values(), strict=True)]
        words = {name: one.words for name, one in OF_MEAN.items()} | {BEST: "the best of these"}
        curves = {n: _curve("mean", words[n], between[n], truth[n]) for n in between}
        return curves, rmse_to_db(off)

    def of_median(self, x: PerPixel, sigma: float, radii: Sequence[float], alpha: float) -> Curve:
        """Half of alpha for M(x), half for M(x'); `_require` made sure that M(x) has ranks."""
        assert self.histogram is not None
        here = median_reach(self.histogram, 0.0, alpha / 2)
        assert here is not None
        reach = [median_reach(self.histogram, r / sigma, alpha / 2) for r in radii]
        between = [None if to is None else rmse(median_movement(here, to)) for to in reach]
        truth = [None if to is None else rmse_to(x, to) for to in reach]
        return _curve("median", "percentiles", between, truth)

    def of_center(self, x: Images, sigma: float, radii: Sequence[float], alpha: float) -> Curve:
        one = self.centers["center"]
        start = float(rmse_distance(one.center, x))
        between = one.reach([r / sigma for r in radii], alpha)
        return _curve(
            "center",
            "center smoothing",
            between,
            [None if e is None else start + e for e in between],
        )

    def of_center_ssim(
        self, x: Images, sigma: float, radii: Sequence[float], alpha: float
    ) -> SSIMCurve | None:
        if "center-ssim" not in self.centers:
            return None
        one = self.centers["center-ssim"]
        start = float(ssim_distance(one.center, x))
        moved = one.reach([r / sigma for r in radii], alpha)
        between = [-1.0 if d is None else ssim_of_distance(d) for d in moved]
        truth = [-1.0 if d is None else ssim_of_distance(start + d) for d in moved]
        return SSIMCurve("center-ssim", between, truth, [value <= -1 for value in between])

    def of_targets(self, sigma: float, radii: Sequence[float], alpha: float) -> list[TargetCurve]:
        curves = []
        for one in self.directions:
            way = [one.way(r / sigma, alpha / len(self.directions)) for r in radii]
            near = [rmse_to_db(one.rmse(share)) for share in way]
            curves.append(TargetCurve(way, near, rmse_to_db(one.rmse(0.0))))
        return curves


def _curve(
    smoother: str, words: str, between: Sequence[float | None], truth: Sequence[float | None]
) -> Curve:
    """From RMSEs; None is an abstention."""
    between_db, truth_db = (
        [0.0 if e is None else rmse_to_db(e) for e in errors] for errors in (between, truth)
    )
    return Curve(smoother, words, between_db, truth_db, [value <= 0 for value in between_db])


def _require_steady(link: Link) -> None:
    if isinstance(link, Transceiver) and link.training and link.snr_spread_db:
        raise DefenseError(
            "this link is in training mode, where all copies of a batch share one random SNR; "
            "certificates need copies that are independent: call .eval() first"
        )


def _require(
    x: Images, *, n0: int, n: int, alpha: float, radii: Sequence[float],
    certificates: Sequence[str],
) -> None:  # fmt: skip
    if len(require_images(x, "x")) != 1:
        raise DefenseError(f"x: {len(x)} images; a certificate is about one image at a time")
    if not 0 < alpha < 0.5:
        raise DefenseError(f"alpha: {alpha}; allowed is above 0 and below 0.5, such as 0.001")
    if not radii or not all(0 <= r < inf for r in radii):
        raise DefenseError(f"radii: {list(radii)}; give one or more, finite, none below 0")
    unknown = [name for name in certificates if name not in ALL]
    if unknown:
        raise DefenseError(f"certificates: no {', '.join(unknown)}; there are {', '.join(ALL)}")
    least = smallest_copies(0.5, alpha / (4 * x.numel())) if "median" in certificates else 2
    if n < least:
        raise DefenseError(
            f"n: {n} copies are too few at alpha {alpha} and {x.numel()} pixels; the smallest n "
            f"is {least} (more for large radii)"
        )
    centers = {"center", "center-ssim"} & set(certificates)
    least = smallest_choice(alpha) if centers else 2
    if n0 < least:
        raise DefenseError(f"n0: {n0} copies are too few at alpha {alpha}; the smallest is {least}")
