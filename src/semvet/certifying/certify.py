"""Certificates of a finished run's pictures, and the best attack that was found, image by image.

    run's folder -> link, attack, test images x
    certify_image(link, x)   what no attacker within r can do           every image
    worst_found(link, x)     what an attacker within r did do           the first few
    -> certificates-<id>.json

Both are of the bare system: what is certified is the smoothing that is put around it here. The
null control, where it is in the store, gets the same images, triggers and targets.
"""

import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import torch
from annotated_types import Len
from pydantic import Field, ValidationError

from semvet.attacks import Attack, Goal
from semvet.certificates import ImageCertificates, certify_image
from semvet.certificates.eot_pgd import Effort, Smoothing, WorstFound, worst_found
from semvet.certifying.figures import certified_figures
from semvet.config import NUMERICS, Real, Record, Whole, content_id, explain
from semvet.evaluation.measurement import EvaluationImages, evaluation_images, triggered_images
from semvet.metrics.visibility import l2
from semvet.pipeline.reload import Reloaded, reload
from semvet.randomness import stream
from semvet.store import RunFolder, Store, read_json, write_json
from semvet.systems import Transceiver
from semvet.training.machine import pick_device
from semvet.types import Images, Targets
from semvet.watch import Progress, Silent, Watch

IN_SIGMA = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0)  # default radii
Radius = Annotated[Real, Field(gt=0, le=1000)]


class Certifying(Record):
    """What to certify, and how sure. Defaults: docs/decisions.md, D-034."""

    sigma: Real = Field(0.25, gt=0, le=4, description="of the smoothing noise, in pixel units")
    clip: bool = Field(False, description="noisy images are clipped to [0, 1] (errata S3)")
    n: Whole = Field(10_000, ge=100, le=10_000_000, description="copies that bounds come from")
    n0: Whole = Field(1000, ge=10, le=10_000_000, description="copies that choices come from")
    alpha: Real = Field(0.001, ge=1e-6, lt=0.5, description="1 - confidence, for each image")
    radii: Annotated[tuple[Radius, ...], Len(1, 1000)] | None = Field(
        None, description="L2 in pixel units; none: .1 to 3 sigma"
    )
    images: Whole = Field(20, ge=1, le=1_000_000, description="test images, at most")
    attack_images: Whole = Field(5, ge=0, le=1000, description="so many of them are attacked")
    attack_steps: Whole = Field(Effort.steps, ge=1, le=10_000)
    attack_copies: Whole = Field(Effort.copies, ge=1, le=10_000, description="in every step")
    hardened: Whole | None = Field(
        None, ge=0, le=1000, description="the system that this defense left"
    )
    seed: Whole = Field(0, ge=0, lt=10**18)

    @property
    def at(self) -> list[float]:
        """Radii in pixel units, ascending."""
        return sorted(self.radii or [a * self.sigma for a in IN_SIGMA])


def make_certifying(document: dict[str, Any]) -> Certifying:
    """Raises ConfigError that names key, value and allowed range."""
    try:
        return Certifying.model_validate(document)
    except ValidationError as error:
        raise explain(error, where="", model=Certifying) from None


def certify(
    folder: RunFolder, asked: Certifying, *, device: str = "auto", watch: Watch | None = None
) -> Path:
    """The file of the certificates in the run's folder; found there if they were made before.

    Raises SemvetError for whatever a user can mend.
    """
    watch, where = watch or Silent(), pick_device(device)
    path = folder.certificates(content_id(asked.model_dump(mode="json"), folder.id))
    if path.exists():
        return path
    watch.stage("loading the run")
    loaded = reload(folder, device=where, hardened=asked.hardened)
    with Store(folder.path.parent).lock(folder.path):
        write_json(path, _record(loaded, asked, folder, where, watch))
    return path


def _record(
    loaded: Reloaded, asked: Certifying, folder: RunFolder, device: torch.device, watch: Watch
) -> dict[str, Any]:
    began, run, attack = time.perf_counter(), loaded.run, loaded.attack
    weights = "weights" if asked.hardened is None else f"hardened-{asked.hardened}"
    sample = evaluation_images(loaded.splits.test, attack, count=asked.images, device=device)
    world = World(sample.benign, *_lures(attack, sample))
    links = {"attacked" if run.attack.name != "none" else "clean": loaded.link}
    if loaded.clean is not None:
        links["clean"] = loaded.clean
    return {
        "run": folder.path.name,
        "weights_sha256": read_json(folder.path / f"{weights}.json")["sha256"],
        "asked": asked.model_dump(mode="json"),
        "radii": asked.at,
        "images": len(world.x),
        "which_images": "the first of the test set",
        "expected_failures": asked.alpha * len(world.x),
        "trigger": _norms(attack, sample, run.attack.name),
        "systems": {
            name: _one_system(name, link, world, asked, watch) for name, link in links.items()
        },
        "seconds": time.perf_counter() - began,
        "device": device.type,
        "semvet": version("semvet"),
        "numerics": NUMERICS,
    }


@dataclass(frozen=True)
class World:
    """What is certified and attacked, the same for every system."""

    x: Images
    triggered: list[Images] | None  # by level; None: no image shows the trigger
    targets: Targets | None


def _lures(attack: Attack, sample: EvaluationImages) -> tuple[list[Images] | None, Targets | None]:
    x = sample.benign
    triggered = [triggered_images(attack, x, level=k) for k in range(1, attack.levels + 1)]
    if all(torch.equal(one, x) for one in triggered):
        return None, None
    return triggered, attack.targets if attack.goal is Goal.TARGET else None


def _norms(attack: Attack, sample: EvaluationImages, name: str) -> dict[str, Any]:
    """L2 of the attack's own trigger, level by level, image by image: what radii are held to."""
    x = sample.hosts
    norms = [
        l2(x, triggered_images(attack, x, level=k)).tolist() for k in range(1, attack.levels + 1)
    ]
    return {"attack": name, "l2": [n for n in norms if any(n)]}


def _one_system(
    name: str, link: Transceiver, world: World, asked: Certifying, watch: Watch
) -> dict[str, Any]:
    count, began = len(world.x), time.perf_counter()
    watch.stage(
        f"certifying the {name} system: {asked.n:,} copies of each of {count} images, attacking "
        f"{min(asked.attack_images, count)} of them"
    )
    certified: list[ImageCertificates] = []
    found: list[list[WorstFound]] = []
    for i in range(count):
        certified.append(_certified(link, world, asked, i))
        if i < asked.attack_images:  # image by image: whatever is refused, is soon
            found.append(_attacked(link, world, asked, i))
        copies = (asked.n0 + asked.n) * (i + 1) / (time.perf_counter() - began)
        watch.training(Progress(i + 1, count, 0, copies, {}))
    return certified_figures(certified, found)


def _certified(link: Transceiver, world: World, asked: Certifying, i: int) -> ImageCertificates:
    x = world.x[i : i + 1]
    return certify_image(
        link, x, sigma=asked.sigma, n0=asked.n0, n=asked.n, alpha=asked.alpha, radii=asked.at,
        targets=world.targets, clip=asked.clip,
        rng=stream(asked.seed, "certify", index=i, device=x.device),
    )  # fmt: skip


def _attacked(link: Transceiver, world: World, asked: Certifying, i: int) -> list[WorstFound]:
    x, triggered = world.x[i : i + 1], world.triggered
    return worst_found(
        link, x, radii=asked.at, smoothing=Smoothing(asked.sigma, asked.clip),
        triggered=None if triggered is None else torch.cat([one[i : i + 1] for one in triggered]),
        targets=world.targets,
        effort=Effort(steps=asked.attack_steps, copies=asked.attack_copies),
        rng=stream(asked.seed, "EOT-PGD", index=i, device=x.device),
    )  # fmt: skip
