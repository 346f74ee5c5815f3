"""From a run's record to a trained link and attack: found in the store, resumed, or trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from semvet.attacks import Attack
from semvet.catalog import make_attack
from semvet.config import Run, content_id
from semvet.data import Splits
from semvet.errors import WeightsError
from semvet.randomness import seeded, stream
from semvet.store import Arrays, Store, read_json, read_weights, write_json, write_weights
from semvet.systems import Transceiver
from semvet.systems.transceiver.transforms import FirstRows
from semvet.training.engine import Engine
from semvet.training.machine import choose_precision, measure_peaks, peak_memory_mib, place
from semvet.training.untrained import untrained_link
from semvet.types import ImageShape, Indices, Pairs, Transform
from semvet.watch import Watch


@dataclass(frozen=True)
class TrainedSystem:
    link: Transceiver
    attack: Attack
    weights: Arrays
    poison: dict[str, Any]  # which images were poisoned, as positions in the original training set
    record: dict[str, Any]  # speed, precision and losses of the training


@dataclass(frozen=True)
class Workshop:
    """What every training of a run needs besides its record."""

    splits: Splits
    fingerprint: str  # of the data
    store: Store
    device: torch.device
    watch: Watch
    checkpoint_every_s: float = 15.0


@dataclass(frozen=True)
class Change:
    """What a defense that owns the training changes in it."""

    record: dict[str, Any]  # plain values that say so, for the identity
    keep: Indices | None = None  # pairs to train on; None: all
    before: Transform | None = None  # what a batch passes before it is sent; its labels do not


def build(run: Run, splits: Splits) -> tuple[Transceiver, Attack]:
    """Untrained link and attack. The system starts alike whatever the attack."""
    shape = ImageShape(*splits.train.pixels.shape[1:])
    with seeded(run.seed, "attack"):
        attack = make_attack(run.attack, splits.target_candidates)
    return untrained_link(run, shape), attack


def trained_system(
    run: Run, workshop: Workshop, *, name: str, change: Change | None = None
) -> TrainedSystem:
    """Trains once per training record; a killed training goes on from its checkpoint."""
    described = run.training_record() | ({"change": change.record} if change else {})
    folder = workshop.store.trained(content_id(described, workshop.fingerprint))
    weights, record = folder / "weights.safetensors", folder / "training.json"
    link, attack = build(run, workshop.splits)
    with workshop.store.lock(folder, wait=workshop.watch.stage, doing=f"training {name}"):
        if not record.exists():
            workshop.watch.stage(f"training {name}")
            trained = _train(run, workshop, link, attack, folder, change)
            write_weights(weights, to_arrays(link=link, attack=attack), {"record": described})
            write_json(record, trained)
            (folder / "checkpoint.safetensors").unlink(missing_ok=True)
    arrays = read_weights(weights)
    load(arrays, link=link, attack=attack)
    for module in (link, attack):
        place(module.eval(), workshop.device)
    return TrainedSystem(link, attack, arrays, read_json(folder / "poison.json"), read_json(record))


def _train(
    run: Run, workshop: Workshop, link: Transceiver, attack: Attack, folder: Path,
    change: Change | None,
) -> dict[str, Any]:  # fmt: skip
    pairs, device = poisoned_pairs(run, attack, workshop.splits), workshop.device
    write_json(folder / "poison.json", poison_record(attack, pairs, workshop.splits))
    if change:
        pairs = pairs if change.keep is None else chosen(pairs, change.keep)
        if change.before:
            link = link.through(FirstRows(change.before, rows=run.training.batch))
    precision, reason = choose_precision(run.training.precision, device)
    engine = Engine(
        link, attack, pairs, run.training, seed=run.seed, device=device, precision=precision,
        checkpoint=folder / "checkpoint.safetensors",
        checkpoint_every_s=workshop.checkpoint_every_s,
    )  # fmt: skip
    trained = engine.train(workshop.watch.training)
    peaks = measure_peaks(device, precision)
    return {
        **trained.record(),
        "precision_reason": reason,
        "conv_peak": peaks.conv,
        "gemm_peak": peaks.gemm,
        "peak_memory_mib": peak_memory_mib(device),
    }


def poisoned_pairs(run: Run, attack: Attack, splits: Splits) -> Pairs:
    """What the run's systems are trained on."""
    return attack.poison(as_pairs(splits), rng=stream(run.seed, "poison"))


def chosen(pairs: Pairs, keep: Indices) -> Pairs:
    """Rows `keep` of a training set, still uint8."""
    wanted = pairs.sent[keep] if pairs.wanted is pairs.sent else pairs.wanted[keep]
    element_removed = None if pairs.element_removed is None else pairs.element_removed[keep]
    return Pairs(pairs.sent[keep], wanted, pairs.level[keep], pairs.label[keep], element_removed)


def as_pairs(splits: Splits) -> Pairs:
    """D_T and D_R before anybody touched them: both sides hold the same images."""
    train = splits.train
    benign = torch.zeros_like(train.label)
    return Pairs(train.pixels, train.pixels, benign, train.label, train.element_removed)


def poison_record(attack: Attack, pairs: Pairs, splits: Splits) -> dict[str, Any]:
    victims = splits.train_index[pairs.victims].tolist()
    return {
        "controls": [c.name for c in attack.controls],
        "training_images": len(pairs),
        "count": len(victims),
        "indices": victims,
    }


def to_arrays(**modules: nn.Module) -> Arrays:
    return {
        f"{prefix}/{name}": tensor.detach().cpu().contiguous().numpy()
        for prefix, module in modules.items()
        for name, tensor in module.state_dict().items()
    }


def load(arrays: Arrays, **modules: nn.Module) -> None:
    """Raises WeightsError if names or shapes differ, or a weight is not finite."""
    for prefix, module in modules.items():
        state: dict[str, Tensor] = {
            name.removeprefix(f"{prefix}/"): torch.from_numpy(array)
            for name, array in arrays.items()
            if name.startswith(f"{prefix}/")
        }
        for name, tensor in state.items():
            if not tensor.isfinite().all():
                raise WeightsError(f"{prefix}/{name}: holds NaN or infinity")
        try:
            module.load_state_dict(state)
        except RuntimeError as error:
            raise WeightsError(f"weights do not fit this {prefix}: {error}") from None
