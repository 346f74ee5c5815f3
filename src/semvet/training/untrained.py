"""From a run's record to its link as it is before training."""

from semvet.catalog import make_channel, make_system
from semvet.config import Run
from semvet.randomness import seeded
from semvet.systems import Transceiver
from semvet.types import ImageShape


def untrained_link(run: Run, shape: ImageShape) -> Transceiver:
    """The same weights whatever the attack, and in whichever process."""
    with seeded(run.seed, "system"):
        system = make_system(run.system, shape)
    return Transceiver(
        system, make_channel(run.channel), snr_db=run.snr_db,
        snr_spread_db=run.training.snr_spread_db,
    )  # fmt: skip
