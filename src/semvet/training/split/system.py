"""A system trained by two parties: found in the store, or trained, once for each recipe."""

from typing import Any

from semvet.attacks import Attack
from semvet.records import SplitTrainingRecord
from semvet.store import Arrays, once, read_model, read_weights_of, write_model, write_weights
from semvet.systems import Transceiver
from semvet.training.machine import place
from semvet.training.recipe import Recipe, Trainer
from semvet.training.split.training import split_training
from semvet.training.weights import load, to_arrays


def split_system(
    recipe: Recipe, trainer: Trainer, *, parties: int, timeout_s: float
) -> tuple[Transceiver, Attack, dict[str, Any]]:
    """The trained link and attack, and findings. Raises what `split_training` does."""
    recipe = recipe.changed({"split-training": parties})
    folder = trainer.store.trained(recipe.key)
    doing = f"split training, processes: {parties}"

    def make() -> None:
        trainer.watch.stage(doing)
        link, attack, found = split_training(
            recipe, parties=parties, timeout_s=timeout_s, device=trainer.device,
            watch=trainer.watch,
        )  # fmt: skip
        arrays = to_arrays(link=link, attack=attack)
        write_weights(folder / "weights.safetensors", arrays, {"record": recipe.record})
        write_model(folder / "training.json", SplitTrainingRecord(findings=found))

    def read() -> tuple[Arrays, SplitTrainingRecord]:
        found = read_model(folder / "training.json", SplitTrainingRecord)
        return read_weights_of(folder / "weights.safetensors", recipe.record), found

    arrays, record = once(folder, make, read, wait=trainer.watch.stage, doing=doing)
    link, attack = recipe.make()
    load(arrays, link=link, attack=attack)
    for module in (link, attack):
        place(module.eval(), trainer.device)
    return link, attack, dict(record.findings)
