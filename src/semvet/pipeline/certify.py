"""Certificates of a finished run's pictures: its folder -> certificates-<id>.json in it.

The null control, where it is in the store, gets the same images, triggers and targets.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from semvet.attacks import Attack
from semvet.certifying.certify import Lures, certify_system
from semvet.clock import Stopwatch
from semvet.config import NUMERICS, content_id, explain
from semvet.evaluation.goals import aim_of
from semvet.evaluation.images import EvaluationImages, evaluation_images
from semvet.evaluation.sending import triggered_images
from semvet.metrics.visibility import l2
from semvet.pipeline.reload import Reloaded, reload
from semvet.records import CertificateRecord, Certifying
from semvet.records.certificate import TriggerNorms
from semvet.store import RunFolder, Store, read_json, write_model
from semvet.training.machine import pick_device
from semvet.watch import Silent, Watch


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
    doing = "certifying it"
    with Store(folder.path.parent).lock(folder.path, wait=watch.stage, doing=doing):
        if not path.exists():  # made by whom we waited for
            write_model(path, _record(loaded, asked, folder, where, watch))
    return path


def _record(
    loaded: Reloaded, asked: Certifying, folder: RunFolder, device: torch.device, watch: Watch
) -> CertificateRecord:
    clock, attack, attacked = Stopwatch(device), loaded.attack, loaded.run.attack.name
    weights = "weights" if asked.hardened is None else f"hardened-{asked.hardened}"
    images = aim_of(attack).judged(loaded.splits.test)
    sample = evaluation_images(images, attack, count=asked.images, device=device)
    lures = _lures(attack, sample)
    links = {"attacked" if attacked != "none" else "clean": loaded.link}
    if loaded.clean is not None:
        links["clean"] = loaded.clean
    systems = {
        name: certify_system(name, link, lures, asked, watch) for name, link in links.items()
    }
    return CertificateRecord(
        run=folder.path.name,
        weights_sha256=read_json(folder.path / f"{weights}.json")["sha256"],
        asked=asked,
        radii=tuple(asked.at),
        images=len(lures.x),
        which_images="the first of the test set",
        expected_failures=asked.alpha * len(lures.x),
        trigger=_norms(attack, sample, attacked),
        systems=systems,
        seconds=clock.seconds(),
        device=device.type,
        semvet=version("semvet"),
        numerics=NUMERICS,
    )


def _lures(attack: Attack, sample: EvaluationImages) -> Lures:
    x = sample.benign
    triggered = [triggered_images(attack, x, level=k) for k in range(1, attack.levels + 1)]
    if all(torch.equal(one, x) for one in triggered):
        return Lures(x, None, None)
    return Lures(x, triggered, aim_of(attack).targets)


def _norms(attack: Attack, sample: EvaluationImages, name: str) -> TriggerNorms:
    x, levels = sample.hosts, range(1, attack.levels + 1)
    norms = [l2(x, triggered_images(attack, x, level=k)).tolist() for k in levels]
    return TriggerNorms(attack=name, l2=tuple(tuple(n) for n in norms if any(n)))
