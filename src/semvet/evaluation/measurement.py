"""Any link, any attack, one judge: what the receiver gets from benign and from triggered images."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.attacks import Attack, Goal
from semvet.channels import OperatingPoint
from semvet.data import ImageSet
from semvet.evaluation.goals.judge import Judge, Scores
from semvet.intervals import rate_interval
from semvet.metrics.lpips import lpips, why_no_lpips
from semvet.metrics.outage import outage
from semvet.metrics.psnr import IDENTICAL_DB, mse, psnr_db
from semvet.metrics.ssim import ssim
from semvet.metrics.statistics import mean, mean_interval, psnr_of_mean_mse
from semvet.metrics.visibility import visibility
from semvet.randomness import stream
from semvet.systems import Link, Transceiver
from semvet.types import Flags, Images, PerImage, to_images

CHUNK = 500  # images in one forward pass


@dataclass(frozen=True)
class EvaluationImages:
    """The test images of a run, as the adversary sees them."""

    benign: Images  # sent as they are
    benign_label: Tensor  # their classes, -1 where there is none
    hosts: Images  # sent with the trigger: the same ones, unless not all can carry it
    hosts_label: Tensor  # their classes, -1 where there is none
    element_removed: Images | None = None  # scenes: the hosts less their element
    mask: Images | None = None  # scenes: (n, 1, height, width), 1 where the element is

    def first(self, count: int) -> "EvaluationImages":
        element_removed = None if self.element_removed is None else self.element_removed[:count]
        mask = None if self.mask is None else self.mask[:count]
        return EvaluationImages(
            self.benign[:count], self.benign_label[:count],
            self.hosts[:count], self.hosts_label[:count], element_removed, mask,
        )  # fmt: skip


def evaluation_images(
    images: ImageSet, attack: Attack, *, count: int, device: torch.device
) -> EvaluationImages:
    """At most `count` images that are sent as they are, and as many with the trigger."""
    if attack.goal is Goal.LABEL:
        images = images.take(images.label != attack.target_class)
    carries = attack.carries(images.label)
    benign = images if carries is None else images.take(~carries)
    hosts = images if carries is None else images.take(carries)
    first = torch.arange(min(count, len(hosts)))
    hosts, scenes = hosts.take(first), hosts.element_removed is not None
    sent = to_images(hosts.pixels.to(device))
    return EvaluationImages(
        sent if carries is None else to_images(benign.pixels[:count].to(device)),
        benign.label[:count].to(device),
        sent,
        hosts.label.to(device),
        to_images(hosts.element_removed.to(device)) if hosts.element_removed is not None else None,
        hosts.mask[:, None].float().to(device) if scenes and hosts.mask is not None else None,
    )


@dataclass(frozen=True)
class Measurement:
    """Level k of the lists is the trigger of strength k + 1 of T."""

    sent: Images  # n benign test images
    received: Images  # of the first channel draw
    errors: Float[Tensor, "draws batch"]  # mean squared error of each image in each draw
    scores: Scores  # of `received`
    hosts: Images  # what the triggers are put on
    triggered: list[Images]
    wanted: list[Images]  # what the adversary would have the receiver see
    received_triggered: list[Images]
    scores_triggered: list[Scores]

    @property
    def psnr_db(self) -> PerImage:
        """Mean over the channel draws."""
        return (-10 * self.errors.log10()).clamp(max=IDENTICAL_DB).mean(dim=0)


@torch.no_grad()
def transmit(
    link: Link,
    x: Images,
    *,
    seed: int,
    purpose: str,
    index: int = 0,
    at: OperatingPoint | None = None,
) -> Images:
    """`x` through the link in chunks; the same seed and purpose give the same channel."""
    rng = stream(seed, purpose, index=index, device=x.device)
    return torch.cat([link(part, rng=rng, at=at) for part in x.split(CHUNK)])


@torch.no_grad()
def mean_uses(
    link: Transceiver, x: Images, *, seed: int, at: OperatingPoint | None = None
) -> float:
    """Symbols spent on an image, where a system does not spend k on each."""
    rng = stream(seed, "uses", device=x.device)
    if link.transmit(x[:1], link.draw(1, rng=rng)).uses is None:
        return float(link.system.symbols)
    parts = [
        link.transmit(part, link.draw(len(part), rng=rng, at=at), at=at).uses
        for part in x.split(CHUNK)
    ]
    return mean(torch.cat([uses for uses in parts if uses is not None]))


@torch.no_grad()
def triggered_images(attack: Attack, x: Images, *, level: int) -> Images:
    return torch.cat([attack.trigger(part, level=level) for part in x.split(CHUNK)])


@torch.no_grad()
def measure(
    link: Link,
    attack: Attack,
    sample: EvaluationImages,
    judge: Judge,
    *,
    nominal: OperatingPoint,
    seed: int,
    draws: int,
) -> Measurement:
    """Channel noise is the same for every link that is measured with this seed.

    Args:
        usual: what the link is used over; the trigger may be something else.
    """
    x, received, errors = sample.benign, torch.empty(0), []
    for draw in reversed(range(draws)):
        received = transmit(link, x, seed=seed, purpose="evaluate benign", index=draw)
        errors.append(mse(received, x))
    levels = range(1, attack.levels + 1)
    triggered = [triggered_images(attack, sample.hosts, level=k) for k in levels]
    outputs = [
        transmit(
            link, x_k, seed=seed, purpose="evaluate triggered", index=k - 1,
            at=attack.operating_point(nominal, level=k),
        )
        for k, x_k in zip(levels, triggered, strict=True)
    ]  # fmt: skip
    wanted = [_wanted(attack, sample, x_k, k) for k, x_k in zip(levels, triggered, strict=True)]
    return Measurement(
        x, received, torch.stack(errors), judge.benign_scores(received),
        sample.hosts, triggered, wanted, outputs, [judge.scores(y) for y in outputs],
    )  # fmt: skip


def _wanted(attack: Attack, sample: EvaluationImages, triggered: Images, level: int) -> Images:
    if attack.goal is Goal.REMOVAL:
        assert sample.element_removed is not None  # poisoning has refused data without it
        return sample.element_removed
    if attack.goal is Goal.LABEL:
        return triggered
    return attack.targets[level - 1].expand_as(triggered)


def summarize(
    measured: Measurement, judge: Judge, *, outage_psnr_db: float = 20.0
) -> dict[str, Any]:
    """Every figure of one system. Rates carry Clopper-Pearson intervals, n is the image count."""
    scored = list(enumerate(measured.scores_triggered, start=1))
    outputs = measured.received_triggered
    hits = [judge.hits(s, k) for k, s in scored]
    benign = [judge.hits(measured.scores, k) for k, _ in scored]
    asr = [rate(h) for h in hits]
    outages = outage(measured.errors, psnr_db=outage_psnr_db).float().mean(dim=0)  # over draws
    aim = list(zip(outputs, measured.wanted, strict=True))
    return {
        "n": len(measured.sent),
        "n_triggered": len(measured.hosts),
        "psnr_db": mean(measured.psnr_db),
        "psnr_db_interval": mean_interval(measured.psnr_db),
        "psnr_of_mean_mse_db": min(psnr_of_mean_mse(measured.errors), IDENTICAL_DB),
        "distortion_outage": mean(outages),
        "distortion_outage_interval": mean_interval(outages, low=0.0, high=1.0),
        "asr": asr,
        "asr_interval": [_interval(h) for h in hits],
        "asr_mean": sum(asr) / len(asr),
        "asr_any": [rate(judge.reached(s).any(dim=1)) for _, s in scored],
        "benign_false_positive": [rate(h) for h in benign],
        "benign_false_positive_interval": [_interval(h) for h in benign],
        "benign_any": rate(judge.reached(measured.scores).any(dim=1)),
        "benign_any_interval": _interval(judge.reached(measured.scores).any(dim=1)),
        "psnr_to_target_db": [_mean_db(y, t) for y, t in aim],
        "ssim_to_target": [mean(ssim(y, t)) for y, t in aim],
        "recovered_psnr_db": [_mean_db(y, measured.hosts) for y in outputs],
    }


def success(
    link: Link, judge: Judge, sent: list[Images], *, seed: int, at: OperatingPoint | None = None
) -> dict[str, Any]:
    """ASR of what is sent for level 1..T; the noise is the same whatever is sent.

    Args:
        air: what the link is used over this time; None: the usual.
    """
    hits = []
    for k, x_k in enumerate(sent, start=1):
        received = transmit(link, x_k, seed=seed, purpose="study", index=k, at=at)
        hits.append(judge.hits(judge.scores(received), k))
    return {"asr": [rate(h) for h in hits], "asr_interval": [_interval(h) for h in hits]}


def trigger_figures(measured: Measurement) -> dict[str, list[float | None]]:
    """Means over images of how visible each level is; None where a figure is infinite, or where
    it cannot be computed on this machine (LPIPS).
    """
    per_level = [visibility(measured.hosts, x_k) for x_k in measured.triggered]
    figures = {name: [_finite(mean(level[name])) for level in per_level] for name in per_level[0]}
    if why_no_lpips():
        return figures | {"lpips": [None] * len(per_level)}
    seen = [mean(lpips(measured.hosts, x_k)) for x_k in measured.triggered]
    return figures | {"lpips": [_finite(value) for value in seen]}


def rate(flags: Flags) -> float:
    return mean(flags.float())


def _interval(flags: Flags) -> tuple[float, float]:
    return rate_interval(int(flags.sum()), len(flags))


def _mean_db(y: Images, x: Images) -> float:
    return mean(psnr_db(y, x).clamp(max=IDENTICAL_DB))


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
