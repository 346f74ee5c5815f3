"""The stage's side of a world: who was poisoned, and how to train again. No defense sees this."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Generator

from semvet.attacks import Attack
from semvet.defending.world import ThinRetrainer, World, offered
from semvet.defenses import Defended, Defense, Suspicion
from semvet.defenses.base import MOST_IMAGES
from semvet.randomness import permutation, stream
from semvet.systems import Transceiver
from semvet.types import Flags, Images, Indices, Pairs, Transform, to_images


@runtime_checkable
class Workshop(Protocol):
    """Trains again what one system was trained by. Each result comes with the adversary's attack as
    it was trained along: with another system it is another trigger."""

    def again(
        self, record: dict[str, Any], *, keep: Indices | None, before: Transform | None
    ) -> tuple[Transceiver, Attack]: ...

    def split(
        self, *, parties: int, timeout_s: float
    ) -> tuple[Transceiver, Attack, dict[str, Any]]: ...

    def references(self, count: int) -> Sequence[Transceiver]: ...


@dataclass(frozen=True)
class Surroundings:
    """Args:
    link: the deployed system, attacked or not.
    untouched, pairs: its training pairs before the adversary came, and after.
    workshop: how it was trained.
    seed: of the run.
    """

    link: Transceiver
    untouched: Pairs
    pairs: Pairs
    workshop: Workshop
    seed: int
    device: torch.device

    def put_on(self, defense: Defense, *, rng: Generator) -> tuple[Defended, Attack | None]:
        """The defense at work, and the adversary's attack if the training was run again."""
        attacks: list[Attack] = []

        def again(
            record: dict[str, Any], *, keep: Indices | None, before: Transform | None
        ) -> Transceiver:
            link, attack = self.workshop.again(record, keep=keep, before=before)
            attacks.append(attack)
            return link

        def split(*, parties: int, timeout_s: float) -> tuple[Transceiver, dict[str, Any]]:
            link, attack, findings = self.workshop.split(parties=parties, timeout_s=timeout_s)
            attacks.append(attack)
            return link, findings

        with ExitStack() as stack:
            services = [stack.enter_context(offered(f)) for f in (again, split)]
            references = stack.enter_context(offered(self.workshop.references))
            world = World(self.link, self.images, references, ThinRetrainer(self.told, *services))
            defended = defense.apply(world.view(defense.vantage), rng=rng)
        return defended, attacks[-1] if attacks else None

    @cached_property
    def told(self) -> Pairs:
        """What the trainer knows of the pairs: not which were poisoned, or what was removed."""
        level = torch.zeros_like(self.pairs.level)
        return replace(self.pairs, level=level, element_removed=None)

    @cached_property
    def shown(self) -> Indices:
        """The training images that a defense is given."""
        order = permutation(len(self.pairs), rng=stream(self.seed, "a defense's images"))
        return order[:MOST_IMAGES]

    @cached_property
    def images(self) -> Images:
        return to_images(self.pairs.sent[self.shown].to(self.device))

    def truth(self, suspicion: Suspicion) -> Flags | None:
        """Which of the images that a defense was given carry a trigger; None where training adds
        them and the data do not."""
        carries = (self.pairs.sent != self.untouched.sent).flatten(1).any(dim=1)
        if not bool(carries.any()):
            return None
        return carries if suspicion.all_pairs else carries[self.shown]
