"""Certificates of smoothed pictures, and the best attack that was found, image by image.

    certify_image(link, x)   what no attacker within r can do           every image
    worst_found(link, x)     what an attacker within r did do           the first few

Both are of the bare system: what is certified is the smoothing that is put around it here. Several
systems get the same images, triggers and targets.
"""

from dataclasses import dataclass

import torch

from semvet.certificates import ImageCertificates, certify_image
from semvet.certificates.eot_pgd import Effort, Smoothing, WorstFound, worst_found
from semvet.certifying.figures import system_certificates
from semvet.clock import Stopwatch
from semvet.randomness import stream
from semvet.records import Certifying
from semvet.records.certificate import SystemCertificates
from semvet.systems import Transceiver
from semvet.types import Images, Targets
from semvet.watch import Progress, Watch


@dataclass(frozen=True)
class Lures:
    """What is certified and attacked, the same for every system."""

    x: Images
    triggered: list[Images] | None  # by level; None: no image shows the trigger
    targets: Targets | None


def certify_system(
    name: str, link: Transceiver, lures: Lures, asked: Certifying, watch: Watch
) -> SystemCertificates:
    """Raises DefenseError for whatever cannot be certified, at the first image."""
    count, clock = len(lures.x), Stopwatch(lures.x.device)
    watch.stage(
        f"certifying the {name} system: {asked.n:,} copies of each of {count} images, attacking "
        f"{min(asked.attack_images, count)} of them"
    )
    certified: list[ImageCertificates] = []
    found: list[list[WorstFound]] = []
    for i in range(count):
        certified.append(_certified(link, lures, asked, i))
        if i < asked.attack_images:  # image by image: whatever is refused, is soon
            found.append(_attacked(link, lures, asked, i))
        copies = (asked.n0 + asked.n) * (i + 1) / clock.seconds()
        watch.training(Progress(i + 1, count, 0, copies, {}))
    return system_certificates(certified, found)


def _certified(link: Transceiver, lures: Lures, asked: Certifying, i: int) -> ImageCertificates:
    x = lures.x[i : i + 1]
    return certify_image(
        link, x, sigma=asked.sigma, n0=asked.n0, n=asked.n, alpha=asked.alpha, radii=asked.at,
        targets=lures.targets, clip=asked.clip,
        rng=stream(asked.seed, "certify", index=i, device=x.device),
    )  # fmt: skip


def _attacked(link: Transceiver, lures: Lures, asked: Certifying, i: int) -> list[WorstFound]:
    x, triggered = lures.x[i : i + 1], lures.triggered
    return worst_found(
        link, x, radii=asked.at, smoothing=Smoothing(asked.sigma, asked.clip),
        triggered=None if triggered is None else torch.cat([one[i : i + 1] for one in triggered]),
        targets=lures.targets,
        effort=Effort(steps=asked.attack_steps, copies=asked.attack_copies),
        rng=stream(asked.seed, "EOT-PGD", index=i, device=x.device),
    )  # fmt: skip
