"""A measurement as a record: every figure of one system, and of the triggers that it was sent."""

from math import isfinite

from torch import Tensor

from semvet.channels import OperatingPoint
from semvet.evaluation.goals import Judge
from semvet.evaluation.measurement import Measurement
from semvet.evaluation.sending import transmit
from semvet.metrics.lpips import lpips, why_no_lpips
from semvet.metrics.outage import outage
from semvet.metrics.psnr import IDENTICAL_DB, psnr_db
from semvet.metrics.ssim import ssim
from semvet.metrics.statistics import mean, mean_interval, psnr_of_mean_mse
from semvet.metrics.visibility import visibility
from semvet.records import Level, Mean, Rate, SystemFigures, TriggerLevel
from semvet.systems import Link
from semvet.types import Flags, Images, PerImage


def system_figures(
    measured: Measurement, judge: Judge, *, outage_psnr_db: float = 20.0
) -> SystemFigures:
    outages = outage(measured.errors, psnr_db=outage_psnr_db).float().mean(dim=0)  # over draws
    return SystemFigures(
        n=len(measured.sent),
        n_triggered=len(measured.hosts),
        psnr_db=mean_of(measured.psnr_db),
        psnr_of_mean_mse_db=min(psnr_of_mean_mse(measured.errors), IDENTICAL_DB),
        distortion_outage=mean_of(outages, low=0.0, high=1.0),
        benign_any=rate_of(judge.reached(measured.scores).any(dim=1)),
        levels=tuple(
            _level(measured, judge, k) for k in range(1, len(measured.scores_triggered) + 1)
        ),
    )


def _level(measured: Measurement, judge: Judge, k: int) -> Level:
    scores, output = measured.scores_triggered[k - 1], measured.received_triggered[k - 1]
    wanted = measured.wanted[k - 1]
    return Level(
        asr=rate_of(judge.hits(scores, k)),
        benign=rate_of(judge.hits(measured.scores, k)),
        any_target=rate(judge.reached(scores).any(dim=1)),
        psnr_to_target_db=_mean_db(output, wanted),
        ssim_to_target=mean(ssim(output, wanted)),
        recovered_psnr_db=_mean_db(output, measured.hosts),
    )


def success(
    link: Link, judge: Judge, sent: list[Images], *, seed: int, at: OperatingPoint | None = None
) -> tuple[Rate, ...]:
    """ASR of what is sent for level 1..T; the noise is the same whatever is sent.

    Args:
        at: what the link is used over this time; None: the nominal point.
    """
    rates = []
    for k, x_k in enumerate(sent, start=1):
        received = transmit(link, x_k, seed=seed, purpose="study", index=k, at=at)
        rates.append(rate_of(judge.hits(judge.scores(received), k)))
    return tuple(rates)


def trigger_levels(measured: Measurement) -> tuple[TriggerLevel, ...]:
    """Means over images of how visible each level is; None where a figure is infinite, or where
    it cannot be computed on this machine (LPIPS).
    """
    return tuple(_visibility(measured.hosts, x_k) for x_k in measured.triggered)


def _visibility(x: Images, x_k: Images) -> TriggerLevel:
    seen = {name: _finite(mean(values)) for name, values in visibility(x, x_k).items()}
    distance = None if why_no_lpips() else _finite(mean(lpips(x, x_k)))
    return TriggerLevel(**seen, lpips=distance)


def rate(flags: Flags) -> float:
    return mean(flags.float())


def rate_of(flags: Flags) -> Rate:
    return Rate.of(int(flags.sum()), len(flags))


def mean_of(values: PerImage, *, low: float = -float("inf"), high: float = float("inf")) -> Mean:
    return Mean(
        value=mean(values), interval=mean_interval(values, low=low, high=high), n=values.numel()
    )


def _mean_db(y: Images, x: Tensor) -> float:
    return mean(psnr_db(y, x).clamp(max=IDENTICAL_DB))


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
