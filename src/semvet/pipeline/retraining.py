"""One system's training as its owner may run it again: `defending.surroundings.Workshop`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from semvet.attacks import Attack
from semvet.catalog import null_control
from semvet.config import Run, content_id
from semvet.defending.surroundings import Surroundings
from semvet.store import read_json, read_weights, write_json, write_weights
from semvet.systems import Transceiver
from semvet.training.machine import place
from semvet.training.split import split_training
from semvet.training.trained import (
    Change,
    TrainedSystem,
    Workshop,
    as_pairs,
    build,
    load,
    poisoned_pairs,
    to_arrays,
    trained_system,
)
from semvet.types import Indices, Pairs, Transform

REFERENCE_SEEDS = 10_000  # reference systems are other seeds than anybody's runs
MOST_REFERENCES = 16  # of one run; a run of another seed shares none of them


def surroundings(run: Run, workshop: Workshop, trained: TrainedSystem) -> Surroundings:
    """Of the system that `run` trained, attacked or not."""
    again = Retraining(run, workshop, trained.attack)
    return Surroundings(
        trained.link, as_pairs(workshop.splits), again.pairs, again, run.seed, workshop.device
    )


@dataclass(frozen=True)
class Retraining:
    run: Run
    workshop: Workshop
    attack: Attack  # as it poisoned the data

    @cached_property
    def pairs(self) -> Pairs:
        return poisoned_pairs(self.run, self.attack, self.workshop.splits)

    def again(
        self, record: dict[str, Any], *, keep: Indices | None, before: Transform | None
    ) -> tuple[Transceiver, Attack]:
        change, name = Change(record, keep, before), f"again: {', '.join(record)}"
        trained = trained_system(self.run, self.workshop, name=name, change=change)
        return trained.link, trained.attack

    def split(
        self, *, parties: int, timeout_s: float
    ) -> tuple[Transceiver, Attack, dict[str, Any]]:
        shop = self.workshop
        described = self.run.training_record() | {"change": {"split-training": parties}}
        folder = shop.store.trained(content_id(described, shop.fingerprint))
        weights, findings = folder / "weights.safetensors", folder / "training.json"
        link, attack = build(self.run, shop.splits)
        with shop.store.lock(folder, wait=shop.watch.stage, doing="split training"):
            if not findings.exists():
                shop.watch.stage(f"split training, processes: {parties}")
                link, found = split_training(
                    self.run, self.pairs, attack, parties=parties, timeout_s=timeout_s,
                    device=shop.device, watch=shop.watch,
                )  # fmt: skip
                arrays = to_arrays(link=link, attack=attack)
                write_weights(weights, arrays, {"record": described})
                write_json(findings, found)
        load(read_weights(weights), link=link, attack=attack)
        for module in (link, attack):
            place(module.eval(), shop.device)
        return link, attack, read_json(findings)

    def references(self, count: int) -> Sequence[Transceiver]:
        """Clean systems of the same kind, trained on the same public images with other seeds."""
        clean, first = null_control(self.run), REFERENCE_SEEDS + MOST_REFERENCES * self.run.seed
        return [
            trained_system(
                clean.model_copy(update={"seed": first + i}), self.workshop,
                name=f"reference system {i + 1} of {count}",
            ).link
            for i in range(count)
        ]  # fmt: skip
