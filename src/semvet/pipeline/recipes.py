"""From a run to the recipes of what it trains."""

from semvet.attacks import Attack
from semvet.catalog import make_attack, make_channel, make_system
from semvet.config import Run
from semvet.data import Splits
from semvet.randomness import seeded
from semvet.systems import Transceiver
from semvet.training.poisoning import poisoned
from semvet.training.recipe import Elsewhere, Recipe
from semvet.types import ImageShape

RECEIVER = "from semvet.pipeline.recipes import receiver; receiver()"


def untrained_link(run: Run, shape: ImageShape) -> Transceiver:
    """The same weights whatever the attack, and in whichever process."""
    with seeded(run.seed, "system"):
        system = make_system(run.system, shape)
    return Transceiver(
        system, make_channel(run.channel), snr_db=run.snr_db,
        snr_spread_db=run.training.snr_spread_db,
    )  # fmt: skip


def untrained(run: Run, splits: Splits) -> tuple[Transceiver, Attack]:
    """Link and attack. The system starts alike whatever the attack."""
    with seeded(run.seed, "attack"):
        attack = make_attack(run.attack, splits.target_candidates)
    return untrained_link(run, ImageShape(*splits.train.pixels.shape[1:])), attack


def recipe_of(run: Run, splits: Splits, fingerprint: str) -> Recipe:
    """Raises ConfigError for data that the run's attack cannot poison."""
    _, attack = untrained(run, splits)
    shape = list(splits.train.pixels.shape[1:])
    return Recipe(
        make=lambda: untrained(run, splits),
        pairs=poisoned(splits.train, attack, seed=run.seed),
        positions=splits.train_index,
        plan=run.training,
        seed=run.seed,
        record=run.training_record(),
        fingerprint=fingerprint,
        elsewhere=Elsewhere(RECEIVER, {"run": run.document(), "shape": shape}),
    )


def receiver() -> None:
    """The receiver's process of split training: it gets the same link from the same run."""
    from semvet.config import make_run
    from semvet.training.split.peer import main

    main(lambda order: untrained_link(make_run(order["run"]), ImageShape(*order["shape"])))
