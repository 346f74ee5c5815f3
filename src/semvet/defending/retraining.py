"""The training as its owner may run it again: `defenses.Training`, on the engine and the store."""

from dataclasses import replace
from functools import cached_property
from typing import Any, final

import torch

from semvet.attacks import Attack
from semvet.config import Run, content_id
from semvet.store import read_json, read_weights, write_json, write_weights
from semvet.systems import Transceiver
from semvet.training.machine import place
from semvet.training.split import split_training
from semvet.training.trained import Change, Workshop, build, load, to_arrays, trained_system
from semvet.types import Indices, Pairs, Transform


@final
class Retraining:
    """Args:
    run: what the system was trained by.
    pairs: its training pairs, poisoned as they are.

    Attributes:
        attack: the adversary's, after whatever training came last: a trigger that was trained
            along with another system is another trigger. None before that.
    """

    attack: Attack | None = None

    def __init__(self, run: Run, workshop: Workshop, pairs: Pairs):
        self.run, self.workshop, self._pairs = run, workshop, pairs

    @cached_property
    def pairs(self) -> Pairs:
        return replace(self._pairs, level=torch.zeros_like(self._pairs.level))

    def again(
        self, record: dict[str, Any], *, keep: Indices | None = None,
        before: Transform | None = None,
    ) -> Transceiver:  # fmt: skip
        change, name = Change(record, keep, before), f"again: {', '.join(record)}"
        trained = trained_system(self.run, self.workshop, name=name, change=change)
        self.attack = trained.attack
        return trained.link

    def split(self, *, parties: int, timeout_s: float) -> tuple[Transceiver, dict[str, Any]]:
        shop = self.workshop
        described = self.run.training_record() | {"change": {"split-training": parties}}
        folder = shop.store.trained(content_id(described, shop.fingerprint))
        weights, findings = folder / "weights.safetensors", folder / "training.json"
        link, attack = build(self.run, shop.splits)
        with shop.store.lock(folder):
            if not findings.exists():
                shop.watch.stage(f"split training, processes: {parties}")
                link, found = split_training(
                    self.run, self._pairs, attack, parties=parties, timeout_s=timeout_s,
                    device=shop.device, watch=shop.watch,
                )  # fmt: skip
                arrays = to_arrays(link=link, attack=attack)
                write_weights(weights, arrays, {"record": described})
                write_json(findings, found)
        load(read_weights(weights), link=link, attack=attack)
        for module in (link, attack):
            place(module.eval(), shop.device)
        self.attack = attack
        return link, read_json(findings)
