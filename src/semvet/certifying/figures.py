"""Figures of one system from its images' certificates and from the attacks on some of them.

Quantiles and shares are over images, point by point over the radii. An abstention is 0 dB, so it
counts as a failure. A crossing is an attack that found less than what was certified of the same
image: a bug, or one of the failures that alpha allows.
"""

from collections.abc import Sequence
from dataclasses import asdict

import torch
from torch import Tensor

from semvet.certificates import ImageCertificates
from semvet.certificates.eot_pgd import WorstFound
from semvet.metrics.statistics import mean
from semvet.records.certificate import (
    CenterSSIM,
    Compared,
    CurveRecord,
    FoundAt,
    FoundRecord,
    OfImage,
    Quantiles,
    Reached,
    SystemCertificates,
    TargetRecord,
)

LEVELS_DB = (15, 20, 25, 30)
QUANTILES = {"low": 0.1, "median": 0.5, "high": 0.9}
TOLERANCE_DB = 0.1  # what is found is an estimate


def system_certificates(
    certified: Sequence[ImageCertificates], found: Sequence[Sequence[WorstFound]]
) -> SystemCertificates:
    """Args:
    certified: image by image.
    found: of the first of these images, radius by radius.
    """
    return SystemCertificates(
        n=len(certified),
        average_db=tuple(one.average_db for one in certified),
        curves={name: _curve(certified, name) for name in certified[0].curves},
        center_ssim=_ssim(certified),
        targets=_targets(certified),
        found=_found(certified, found),
        compared=_compared(certified, found),
        by_image=tuple(OfImage.model_validate(one.record()) for one in certified),
    )


def _curve(certified: Sequence[ImageCertificates], name: str) -> CurveRecord:
    curves = [one.curves[name] for one in certified]
    between = torch.tensor([one.between_db for one in curves])
    truth = torch.tensor([one.truth_db for one in curves])
    return CurveRecord(
        smoother=curves[0].smoother,
        words=curves[0].words,
        between_db=_quantiles(between),
        share_between_db_at_least=_shares(between),
        truth_db=_quantiles(truth),
        share_truth_db_at_least=_shares(truth),
        abstained=_share([one.abstained for one in curves]),
    )


def _shares(table: Tensor) -> dict[str, tuple[float, ...]]:
    """Of images at each radius, by dB."""
    return {str(level): _share((table >= level).tolist()) for level in LEVELS_DB}


def _quantiles(table: Tensor) -> Quantiles:
    """Of each column."""
    return Quantiles(**{name: table.quantile(q, dim=0).tolist() for name, q in QUANTILES.items()})


def _share(flags: Sequence[Sequence[bool]]) -> tuple[float, ...]:
    return tuple(mean(column) for column in torch.tensor(flags).float().T)


def _ssim(certified: Sequence[ImageCertificates]) -> CenterSSIM | None:
    curves = [one.center_ssim for one in certified if one.center_ssim is not None]
    if not curves:
        return None
    return CenterSSIM(
        between=_quantiles(torch.tensor([one.between for one in curves])),
        truth=_quantiles(torch.tensor([one.truth for one in curves])),
        abstained=_share([one.abstained for one in curves]),
    )


def _targets(certified: Sequence[ImageCertificates]) -> tuple[TargetRecord, ...]:
    """How near the mean can come to each target: shares of the way, and dB."""
    return tuple(
        TargetRecord(
            way=_quantiles(torch.tensor([one.way for one in curves])),
            psnr_db=_quantiles(torch.tensor([one.psnr_db for one in curves])),
            usual_db=mean(torch.tensor([one.usual_db for one in curves])),
        )
        for curves in zip(*(one.targets for one in certified), strict=True)
    )


def _found(
    certified: Sequence[ImageCertificates], found: Sequence[Sequence[WorstFound]]
) -> FoundRecord | None:
    """What the attack reached, and how near to targets the same images are certified not to come:
    targets differ from image to image by more than the attack moves them."""
    if not found:
        return None

    def over_images(key: str) -> Quantiles:
        return _quantiles(torch.tensor([[getattr(one, key) for one in each] for each in found]))

    targets = torch.tensor([[one.target_psnr_db for one in each] for each in found])
    reached = {
        smoother: Reached(
            between_db=over_images(f"{smoother}_psnr_db"),
            truth_db=over_images(f"{smoother}_psnr_to_image_db"),
        )
        for smoother in ("mean", "median")
    }
    return FoundRecord(
        n=len(found),
        mean=reached["mean"],
        median=reached["median"],
        target_psnr_db=tuple(_quantiles(targets[..., k]) for k in range(targets.shape[-1])),
        target_certified_db=tuple(one.psnr_db for one in _targets(certified[: len(found)])),
        by_image=tuple(tuple(_at(one) for one in each) for each in found),
    )


def _at(one: WorstFound) -> FoundAt:
    return FoundAt.model_validate({k: v for k, v in asdict(one).items() if k != "x"})


def _compared(
    certified: Sequence[ImageCertificates], found: Sequence[Sequence[WorstFound]]
) -> Compared:
    gaps = [
        gap
        for image, each in zip(certified, found, strict=False)
        for j, one in enumerate(each)
        for gap in _gaps(image, one, j)
    ]
    return Compared(values=len(gaps), crossings=sum(gap < -TOLERANCE_DB for gap in gaps))


def _gaps(image: ImageCertificates, one: WorstFound, j: int) -> list[float]:
    """dB between what was certified at radius number j and what the attack found there."""
    reached = {
        "mean": (one.mean_psnr_db, one.mean_psnr_to_image_db),
        "median": (one.median_psnr_db, one.median_psnr_to_image_db),
    }
    curves = [curve for curve in image.curves.values() if curve.smoother in reached]
    between = [reached[curve.smoother][0] - curve.between_db[j] for curve in curves]
    truth = [reached[curve.smoother][1] - curve.truth_db[j] for curve in curves]
    targets = zip(image.targets, one.target_psnr_db, strict=True)
    return between + truth + [curve.psnr_db[j] - found for curve, found in targets]
