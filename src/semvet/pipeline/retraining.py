"""One system's training as its owner may run it again: `defending.surroundings.Workshop`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from semvet.attacks import Attack
from semvet.catalog import null_control
from semvet.config import Run
from semvet.data import Splits
from semvet.defending.surroundings import Surroundings
from semvet.pipeline.recipes import recipe_of
from semvet.systems import Transceiver
from semvet.training.poisoning import as_pairs
from semvet.training.recipe import Recipe, Trainer
from semvet.training.split import split_system
from semvet.training.trained import TrainedSystem, trained_system
from semvet.types import Indices, Transform

REFERENCE_SEEDS = 10_000  # reference systems are other seeds than anybody's runs
MOST_REFERENCES = 16  # of one run; a run of another seed shares none of them


def surroundings(
    run: Run, splits: Splits, recipe: Recipe, trainer: Trainer, trained: TrainedSystem
) -> Surroundings:
    """Of the system that `run` trained by `recipe`, attacked or not."""

    def reference(seed: int) -> Recipe:
        clean = null_control(run).model_copy(update={"seed": seed})
        return recipe_of(clean, splits, recipe.fingerprint)

    return Surroundings(
        trained.link, as_pairs(splits.train), recipe.pairs, Retraining(recipe, trainer, reference),
        run.seed, trainer.device,
    )  # fmt: skip


@dataclass(frozen=True)
class Retraining:
    """Args:
    reference: the recipe of a clean system of the same kind, by its seed.
    """

    recipe: Recipe
    trainer: Trainer
    reference: Callable[[int], Recipe]

    def again(
        self, record: dict[str, Any], *, keep: Indices | None, before: Transform | None
    ) -> tuple[Transceiver, Attack]:
        recipe = self.recipe.changed(record, keep=keep, before=before)
        trained = trained_system(recipe, self.trainer, name=f"again: {', '.join(record)}")
        return trained.link, trained.attack

    def split(
        self, *, parties: int, timeout_s: float
    ) -> tuple[Transceiver, Attack, dict[str, Any]]:
        return split_system(self.recipe, self.trainer, parties=parties, timeout_s=timeout_s)

    def references(self, count: int) -> Sequence[Transceiver]:
        """Clean systems of the same kind, trained on the same public images with other seeds."""
        first = REFERENCE_SEEDS + MOST_REFERENCES * self.recipe.seed
        return [
            trained_system(
                self.reference(first + i), self.trainer,
                name=f"reference system {i + 1} of {count}",
            ).link
            for i in range(count)
        ]  # fmt: skip
