"""Any link, any attack, one judge: what the receiver gets from benign and from triggered images."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.attacks import Attack
from semvet.metrics.judge import Judge, Scores, score
from semvet.metrics.outage import outage
from semvet.metrics.psnr import IDENTICAL_DB, mse, psnr_db
from semvet.metrics.statistics import mean, mean_interval, psnr_of_mean_mse, rate_interval
from semvet.metrics.visibility import visibility
from semvet.randomness import stream
from semvet.systems import Link, TrainableLink
from semvet.types import Flags, Images, PerImage

CHUNK = 500  # images in one forward pass


@dataclass(frozen=True)
class Measurement:
    """Level k of the lists is the trigger of strength k + 1 of T."""

    sent: Images  # n benign test images
    received: Images  # of the first channel draw
    errors: Float[Tensor, "draws batch"]  # mean squared error of each image in each draw
    scores: Scores  # SSIM of `received` to each target
    triggered: list[Images]
    received_triggered: list[Images]
    scores_triggered: list[Scores]

    @property
    def psnr_db(self) -> PerImage:
        """Mean over the channel draws."""
        return (-10 * self.errors.log10()).clamp(max=IDENTICAL_DB).mean(dim=0)


@torch.no_grad()
def transmit(link: Link, x: Images, *, seed: int, purpose: str, index: int = 0) -> Images:
    """`x` through the link in chunks; the same seed and purpose give the same channel."""
    rng = stream(seed, purpose, index=index, device=x.device)
    return torch.cat([link(part, rng=rng) for part in x.split(CHUNK)])


@torch.no_grad()
def mean_uses(link: TrainableLink, x: Images, *, seed: int) -> float:
    """Symbols spent on an image, where a system does not spend k on each."""
    rng = stream(seed, "uses", device=x.device)
    if link.transmit(x[:1], link.draw(1, rng=rng)).uses is None:
        return float(link.system.symbols)
    parts = [link.transmit(part, link.draw(len(part), rng=rng)).uses for part in x.split(CHUNK)]
    return mean(torch.cat([uses for uses in parts if uses is not None]))


@torch.no_grad()
def measure(link: Link, attack: Attack, x: Images, *, seed: int, draws: int) -> Measurement:
    """Channel noise is the same for every link that is measured with this seed."""
    received, errors = torch.empty(0), []
    for draw in reversed(range(draws)):
        received = transmit(link, x, seed=seed, purpose="evaluate benign", index=draw)
        errors.append(mse(received, x))
    triggered = [
        torch.cat([attack.trigger(part, level=level) for part in x.split(CHUNK)])
        for level in range(1, attack.levels + 1)
    ]
    outputs = [
        transmit(link, x_k, seed=seed, purpose="evaluate triggered", index=k)
        for k, x_k in enumerate(triggered)
    ]
    targets = attack.targets
    return Measurement(
        x, received, torch.stack(errors), score(received, targets),
        triggered, outputs, [score(y, targets) for y in outputs],
    )  # fmt: skip


def summarize(
    measured: Measurement, judge: Judge, *, outage_psnr_db: float = 20.0
) -> dict[str, Any]:
    """Every figure of one system. Rates carry Clopper-Pearson intervals, n is the image count."""
    pairs = list(zip(measured.received_triggered, measured.scores_triggered, strict=True))
    hits = [judge.hits(s, k) for k, (_, s) in enumerate(pairs, start=1)]
    benign = [judge.hits(measured.scores, k) for k in range(1, len(pairs) + 1)]
    targets = [t.expand_as(measured.sent) for t in judge.targets]
    asr = [_rate(h) for h in hits]
    outages = outage(measured.errors, psnr_db=outage_psnr_db).float().mean(dim=0)  # over draws
    return {
        "n": len(measured.sent),
        "psnr_db": mean(measured.psnr_db),
        "psnr_db_interval": mean_interval(measured.psnr_db),
        "psnr_of_mean_mse_db": min(psnr_of_mean_mse(measured.errors), IDENTICAL_DB),
        "distortion_outage": mean(outages),
        "distortion_outage_interval": mean_interval(outages),
        "asr": asr,
        "asr_interval": [_interval(h) for h in hits],
        "asr_mean": sum(asr) / len(asr),
        "asr_any": [_rate(judge.reached(s).any(dim=1)) for _, s in pairs],
        "benign_false_positive": [_rate(h) for h in benign],
        "benign_false_positive_interval": [_interval(h) for h in benign],
        "benign_any": _rate(judge.reached(measured.scores).any(dim=1)),
        "benign_any_interval": _interval(judge.reached(measured.scores).any(dim=1)),
        "psnr_to_target_db": [_mean_db(y, t) for (y, _), t in zip(pairs, targets, strict=True)],
        "ssim_to_target": [mean(s[:, k]) for k, (_, s) in enumerate(pairs)],
        "recovered_psnr_db": [_mean_db(y, measured.sent) for y, _ in pairs],
    }


def trigger_figures(measured: Measurement) -> dict[str, list[float | None]]:
    """Means over images of how visible each level is; None where a figure is infinite."""
    per_level = [visibility(measured.sent, x_k) for x_k in measured.triggered]
    return {name: [_finite(mean(level[name])) for level in per_level] for name in per_level[0]}


def literal_figures(
    attacked: Measurement, literal: Judge, clean: Measurement, clean_literal: Judge
) -> dict[str, Any]:
    """The paper's own rule, mu - 3 sigma and any target, beside the sound one (errata S1, S2)."""

    def any_rate(judge: Judge, scores: Scores) -> float:
        return _rate(judge.reached(scores).any(dim=1))

    return {
        "rule": literal.rule,
        "thresholds": literal.thresholds.tolist(),
        "benign_false_positive": any_rate(literal, attacked.scores),
        "asr": [any_rate(literal, s) for s in attacked.scores_triggered],
        "clean_system_thresholds": clean_literal.thresholds.tolist(),
        "clean_system_benign_false_positive": any_rate(clean_literal, clean.scores),
        "clean_system_asr": [any_rate(clean_literal, s) for s in clean.scores_triggered],
    }


def _rate(flags: Flags) -> float:
    return mean(flags.float())


def _interval(flags: Flags) -> tuple[float, float]:
    return rate_interval(int(flags.sum()), len(flags))


def _mean_db(y: Images, x: Images) -> float:
    return mean(psnr_db(y, x).clamp(max=IDENTICAL_DB))


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
