"""Robustness: both systems where they were not trained to work, and triggers that were compressed.

snr        the usual channel at -10 .. 30 dB, and at the usual SNR
channel    other fading laws at the usual SNR
jpeg       the image with its trigger is stored as JPEG before it is sent, over the usual air

Paper: SemBugger Sec. V-B varies SNR and channel; JPEG is the cheapest thing a platform does to
    an uploaded image. Points and qualities are ours (D-027).
"""

from collections.abc import Iterable
from typing import Any

from semvet.channels import AWGN, OperatingPoint, Rayleigh, Rician
from semvet.defenses.jpeg import in_file
from semvet.evaluation.measurement import rate, success, transmit
from semvet.evaluation.subject import Subject
from semvet.metrics.psnr import IDENTICAL_DB, psnr_db
from semvet.metrics.statistics import mean
from semvet.types import Images

SNRS_DB = (-10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0)
CHANNELS = {"awgn": AWGN, "rayleigh": Rayleigh, "rician": Rician}
QUALITIES = (95, 90, 75, 50, 25)


def robustness(
    attacked: Subject, clean: Subject, *, images: int, seed: int, coded: bool
) -> dict[str, Any]:
    """ASR of every level, PSNR of benign images and their rate as any target, point by point.

    Args:
        coded: whether the trigger is something that JPEG can touch.
    """
    nominal = attacked.link.nominal
    hosts, triggered = attacked.measured.hosts[:images], attacked.measured.triggered
    sent = [x_k[:images] for x_k in triggered]
    snrs_db = sorted({*SNRS_DB, float(nominal.snr_db)})
    by_snr = {snr_db: OperatingPoint(nominal.channel, snr_db) for snr_db in snrs_db}
    by_channel = {
        name: OperatingPoint(channel(), nominal.snr_db) for name, channel in CHANNELS.items()
    }
    return {
        "n": len(attacked.measured.sent[:images]),
        "n_triggered": len(hosts),
        "usual_snr_db": nominal.snr_db,
        "snr": _over(by_snr, attacked, clean, sent, seed=seed),
        "channel": _over(by_channel, attacked, clean, sent, seed=seed),
        "jpeg": _jpeg(attacked, clean, sent, seed=seed) if coded else None,
    }


def _over(
    points: dict[Any, OperatingPoint],
    attacked: Subject,
    clean: Subject,
    sent: list[Images],
    *,
    seed: int,
) -> dict[str, Any]:
    found: dict[str, Any] = {"at": list(points)}
    for name, one in (("attacked", attacked), ("clean", clean)):
        x = one.measured.sent[: len(sent[0])]
        found[name] = _columns(
            success(one.link, one.judge, sent, seed=seed, at=at) | _benign(one, x, seed=seed, at=at)
            for at in points.values()
        )
    return found


def _benign(one: Subject, x: Images, *, seed: int, at: OperatingPoint) -> dict[str, float]:
    received = transmit(one.link, x, seed=seed, purpose="study", at=at)
    reached = one.judge.reached(one.judge.benign_scores(received))
    return {
        "psnr_db": mean(psnr_db(received, x).clamp(max=IDENTICAL_DB)),
        "benign_any": rate(reached.any(dim=1)),
    }


def _jpeg(attacked: Subject, clean: Subject, sent: list[Images], *, seed: int) -> dict[str, Any]:
    stored = [[in_file(x_k, quality=quality) for x_k in sent] for quality in QUALITIES]
    return {
        "at": list(QUALITIES),
        **{
            name: _columns(success(one.link, one.judge, images, seed=seed) for images in stored)
            for name, one in (("attacked", attacked), ("clean", clean))
        },
    }


def _columns(points: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """Records of several points as one record of lists."""
    rows = list(points)
    return {key: [row[key] for row in rows] for key in rows[0]}
