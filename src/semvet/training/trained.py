"""A trained link and attack: found in the store, resumed, or trained, once for each recipe."""

from dataclasses import dataclass
from pathlib import Path

from semvet.attacks import Attack
from semvet.learning import train
from semvet.records import PoisonRecord, TrainingRecord
from semvet.store import (
    Arrays,
    once,
    read_model,
    read_weights_of,
    write_model,
    write_weights,
)
from semvet.systems import Transceiver
from semvet.systems.transceiver.transforms import FirstRows
from semvet.training.checkpoint import checkpoints
from semvet.training.engine import Engine
from semvet.training.machine import choose_precision, measure_peaks, peak_memory_mib, place
from semvet.training.poisoning import chosen, poison_record
from semvet.training.recipe import Recipe, Trainer
from semvet.training.weights import load, to_arrays


@dataclass(frozen=True)
class TrainedSystem:
    link: Transceiver
    attack: Attack
    weights: Arrays
    poison: PoisonRecord
    record: TrainingRecord


def trained_system(recipe: Recipe, trainer: Trainer, *, name: str) -> TrainedSystem:
    """A killed training goes on from its checkpoint; one that another process is busy with is
    waited for.

    Raises TrainingError: the training diverged or collapsed.
    """
    folder, doing = trainer.store.trained(recipe.key), f"training {name}"

    def make() -> None:
        trainer.watch.stage(doing)
        _train(recipe, trainer, folder)

    arrays, poison, record = once(
        folder, make, lambda: _read(folder, recipe), wait=trainer.watch.stage, doing=doing
    )
    link, attack = recipe.make()
    load(arrays, link=link, attack=attack)
    for module in (link, attack):
        place(module.eval(), trainer.device)
    return TrainedSystem(link, attack, arrays, poison, record)


def _read(folder: Path, recipe: Recipe) -> tuple[Arrays, PoisonRecord, TrainingRecord]:
    """Raises Missing unless all three are there, whole, and of this recipe."""
    record = read_model(folder / "training.json", TrainingRecord)
    poison = read_model(folder / "poison.json", PoisonRecord)
    return read_weights_of(folder / "weights.safetensors", recipe.record), poison, record


def _train(recipe: Recipe, trainer: Trainer, folder: Path) -> None:
    link, attack = recipe.make()
    write_model(folder / "poison.json", poison_record(attack, recipe.pairs, recipe.positions))
    pairs = recipe.pairs if recipe.keep is None else chosen(recipe.pairs, recipe.keep)
    sent = link
    if recipe.before:
        sent = link.through(FirstRows(recipe.before, rows=recipe.plan.batch))
    precision, reason = choose_precision(recipe.plan.precision, trainer.device)
    engine = Engine(
        sent, attack, pairs, recipe.plan, seed=recipe.seed, device=trainer.device,
        precision=precision,
    )  # fmt: skip
    checkpoint = folder / "checkpoint.safetensors"
    learned = train(
        engine, device=trainer.device, report=trainer.watch.training,
        checkpoints=checkpoints(checkpoint, key=recipe.key, every_s=trainer.checkpoint_every_s),
    )  # fmt: skip
    peaks = measure_peaks(trainer.device, precision)
    arrays = to_arrays(link=link, attack=attack)
    write_weights(folder / "weights.safetensors", arrays, {"record": recipe.record})
    record = TrainingRecord(
        steps=learned.steps,
        seconds=learned.seconds,
        images_per_s=learned.images_per_s,
        flop_per_step=engine.flop_per_step,
        history=learned.history,
        precision=precision,
        precision_reason=reason,
        conv_peak=peaks.conv,
        gemm_peak=peaks.gemm,
        peak_memory_mib=peak_memory_mib(trainer.device),
    )
    write_model(folder / "training.json", record)  # the last: it makes the training whole
    checkpoint.unlink(missing_ok=True)
