"""Figures of one system from its images' certificates and from the attacks on some of them.

Quantiles and shares are over images, point by point over the radii. An abstention is 0 dB, so it
counts as a failure. A crossing is an attack that found less than what was certified of the same
image: a bug, or one of the failures that alpha allows.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from semvet.certificates import ImageCertificates
from semvet.certificates.eot_pgd import WorstFound
from semvet.metrics.statistics import mean

LEVELS_DB = (15, 20, 25, 30)
QUANTILES = {"low": 0.1, "median": 0.5, "high": 0.9}
ATTACKED = ("mean", "median")  # smoothers whose pictures the attack measures
TOLERANCE_DB = 0.1  # what is found is an estimate


def certified_figures(
    certified: Sequence[ImageCertificates], found: Sequence[Sequence[WorstFound]]
) -> dict[str, Any]:
    """Args:
    certified: image by image.
    found: of the first of these images, radius by radius.
    """
    names, first = list(certified[0].curves), certified[0]
    return {
        "n": len(certified),
        "average_db": [one.average_db for one in certified],
        "curves": {
            name: {
                "smoother": first.curves[name].smoother,
                **_curve([one.curves[name].between_db for one in certified], "between_db"),
                **_curve([one.curves[name].truth_db for one in certified], "truth_db"),
                "abstained": _share([one.curves[name].abstained for one in certified]),
            }
            for name in names
        },
        "center_ssim": _ssim(certified),
        "targets": _targets(certified),
        "found": _found(certified, found),
        "compared": _compared(certified, found),
        "by_image": [one.record() for one in certified],
    }


def _curve(values: list[list[float]], name: str) -> dict[str, Any]:
    """dB of each image at each radius."""
    table = torch.tensor(values)
    shares = {str(level): _share((table >= level).tolist()) for level in LEVELS_DB}
    return {name: _quantiles(table), f"share_{name}_at_least": shares}


def _quantiles(table: Tensor) -> dict[str, list[float]]:
    """Of each column."""
    return {name: table.quantile(q, dim=0).tolist() for name, q in QUANTILES.items()}


def _share(flags: Sequence[Sequence[bool]]) -> list[float]:
    return [mean(column) for column in torch.tensor(flags).float().T]


def _ssim(certified: Sequence[ImageCertificates]) -> dict[str, Any] | None:
    curves = [one.center_ssim for one in certified if one.center_ssim is not None]
    if not curves:
        return None
    return {
        "between": _quantiles(torch.tensor([one.between for one in curves])),
        "truth": _quantiles(torch.tensor([one.truth for one in curves])),
        "abstained": _share([one.abstained for one in curves]),
    }


def _targets(certified: Sequence[ImageCertificates]) -> list[dict[str, Any]]:
    """How near the mean can come to each target: shares of the way, and dB."""
    return [
        {
            "way": _quantiles(torch.tensor([one.way for one in curves])),
            "psnr_db": _quantiles(torch.tensor([one.psnr_db for one in curves])),
            "usual_db": mean(torch.tensor([one.usual_db for one in curves])),
        }
        for curves in zip(*(one.targets for one in certified), strict=True)
    ]


def _found(
    certified: Sequence[ImageCertificates], found: Sequence[Sequence[WorstFound]]
) -> dict[str, Any] | None:
    """What the attack reached, and how near to targets the same images are certified not to come:
    targets differ from image to image by more than the attack moves them."""
    if not found:
        return None
    plain = [[_plain(one) for one in ladder] for ladder in found]

    def over_images(key: str) -> dict[str, list[float]]:
        return _quantiles(torch.tensor([[one[key] for one in ladder] for ladder in plain]))

    targets = torch.tensor([[one["target_psnr_db"] for one in ladder] for ladder in plain])
    return {
        "n": len(found),
        **{
            smoother: {
                "between_db": over_images(f"{smoother}_psnr_db"),
                "truth_db": over_images(f"{smoother}_psnr_to_image_db"),
            }
            for smoother in ATTACKED
        },
        "target_psnr_db": [_quantiles(targets[..., k]) for k in range(targets.shape[-1])],
        "target_certified_db": [one["psnr_db"] for one in _targets(certified[: len(found)])],
        "by_image": plain,
    }


def _plain(one: WorstFound) -> dict[str, Any]:
    return {key: value for key, value in asdict(one).items() if key != "x"}


def _compared(
    certified: Sequence[ImageCertificates], found: Sequence[Sequence[WorstFound]]
) -> dict[str, int]:
    """How many certified values were attacked, and how many of them were undercut."""
    gaps = [
        gap
        for image, ladder in zip(certified, found, strict=False)
        for j, one in enumerate(ladder)
        for gap in _gaps(image, one, j)
    ]
    return {"values": len(gaps), "crossings": sum(gap < -TOLERANCE_DB for gap in gaps)}


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
