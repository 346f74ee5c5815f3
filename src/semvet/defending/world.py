"""What a defense stands on: the world around one system, and the part of it that is handed over.

    Ground   knows everything: the run, its data, what was poisoned
    view     what the defense's vantage point owns; no test image, no label, no sign of the attack

`truth` stays with the stage, which judges the defense's suspicions afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Generator

from semvet.attacks import Attack
from semvet.catalog.schema import null_control
from semvet.config import Run
from semvet.defending.retraining import Retraining
from semvet.defenses import Defended, Defense, Suspicion, View
from semvet.defenses.base import MOST_IMAGES
from semvet.randomness import permutation, stream
from semvet.systems import Link, Transceiver
from semvet.training.trained import Workshop, as_pairs, poisoned_pairs, trained_system
from semvet.types import Flags, Images, Indices, Pairs, to_images

REFERENCE_SEEDS = 10_000  # reference systems are other seeds than anybody's runs


@dataclass(frozen=True)
class Ground:
    """Args:
    run: what this system was trained by, attacked or not.
    attack: that run's, as it poisoned the data.
    """

    run: Run
    workshop: Workshop
    attack: Attack

    def put_on(
        self, defense: Defense, link: Link, *, rng: Generator
    ) -> tuple[Defended, Attack | None]:
        """The defense at work, and the adversary's attack if the training was run again."""
        training = Retraining(self.run, self.workshop, self.pairs)
        view = View(
            defense.vantage, link, images=self.images, references=self._references,
            training=training,
        )  # fmt: skip
        return defense.apply(view, rng=rng), training.attack

    @cached_property
    def pairs(self) -> Pairs:
        return poisoned_pairs(self.run, self.attack, self.workshop.splits)

    @cached_property
    def shown(self) -> Indices:
        """The training images that a defense is given."""
        order = permutation(len(self.pairs), rng=stream(self.run.seed, "a defense's images"))
        return order[:MOST_IMAGES]

    @cached_property
    def images(self) -> Images:
        return to_images(self.pairs.sent[self.shown].to(self.workshop.device))

    def truth(self, suspicion: Suspicion) -> Flags | None:
        """Which of the images that a defense was given carry a trigger; None where training adds
        them and the data do not."""
        carries = (self.pairs.sent != as_pairs(self.workshop.splits).sent).flatten(1).any(dim=1)
        if not bool(carries.any()):
            return None
        return carries if suspicion.all_pairs else carries[self.shown]

    def _references(self, count: int) -> Sequence[Transceiver]:
        """Clean systems of the same kind, trained on the same public images with other seeds."""
        clean = null_control(self.run)
        return [
            trained_system(
                clean.model_copy(update={"seed": REFERENCE_SEEDS + self.run.seed + i}),
                self.workshop, name=f"reference system {i + 1} of {count}",
            ).link
            for i in range(count)
        ]  # fmt: skip
