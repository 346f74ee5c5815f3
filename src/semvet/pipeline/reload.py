"""A finished run's systems, out of the store and ready to be sent images.

config.yaml -> data, link, attack        weights.safetensors -> their weights
trained/<id of the null control>         the clean system, where the store still has it
"""

from dataclasses import dataclass

import torch

from semvet.attacks import Attack
from semvet.catalog import null_control, resolve
from semvet.config import Run, content_id
from semvet.data import Splits
from semvet.errors import Missing, StoreError
from semvet.pipeline.material import Material, load_material
from semvet.pipeline.recipes import untrained
from semvet.store import RunFolder, Store, read_weights_of
from semvet.systems import Transceiver
from semvet.training.machine import place
from semvet.training.weights import load


@dataclass(frozen=True)
class Reloaded:
    """Weights are frozen; gradients still reach the images."""

    run: Run
    splits: Splits
    attack: Attack
    link: Transceiver
    clean: Transceiver | None  # the null control; None: not in the store, or the run itself


def reload(folder: RunFolder, *, device: torch.device, hardened: int | None = None) -> Reloaded:
    """Args:
        hardened: the system as this defense of the run left it (counted from 0); None: as it was
            before any defense.

    Raises:
        StoreError: the run is not finished, its data are others now, or there is no such system.
        WeightsError: weights that were changed or do not fit.
    """
    fingerprint = folder.record.provenance.data_fingerprint
    run = resolve(folder.config)
    material = load_material(run)
    if material.data.fingerprint != fingerprint:
        raise StoreError(
            f"{folder.path}: it was made with the data of fingerprint {fingerprint}, here are "
            f"{material.data.source} ({material.data.fingerprint}); point SEMVET_DATA or data.root "
            "to the same images"
        )
    splits = material.splits(run)
    link, attack = untrained(run, splits)
    arrays = folder.weights()
    if hardened is not None:  # the attack stays, unless its trigger was trained anew as well
        arrays = arrays | folder.hardened(hardened)
    load(arrays, link=link, attack=attack)
    for module in (link, attack):
        place(module.eval().requires_grad_(False), device)
    return Reloaded(run, splits, attack, link, _clean(run, material, splits, folder, device))


def _clean(
    run: Run, material: Material, splits: Splits, folder: RunFolder, device: torch.device
) -> Transceiver | None:
    null = null_control(run)
    if run.attack.name == "none":
        return None
    record = null.training_record()
    trained = Store(folder.path.parent).trained(content_id(record, material.fingerprint))
    try:
        arrays = read_weights_of(trained / "weights.safetensors", record)
    except Missing:  # nothing that the null control left
        return None
    link, _ = untrained(null, splits)
    load(arrays, link=link)
    place(link.eval().requires_grad_(False), device)
    return link
