"""Everything that can be refused is refused here, before hours are spent on training."""

import torch

from semvet.attacks import Controls
from semvet.catalog import make_defense
from semvet.config import Run, nearest
from semvet.data import Splits
from semvet.errors import ConfigError
from semvet.evaluation.goals import MOST_CALIBRATION, aim_of
from semvet.evaluation.studies import STUDIES
from semvet.training.batches import Batches
from semvet.training.trained import build, poisoned_pairs


def preflight(run: Run, splits: Splits) -> None:
    """Raises ConfigError or DefenseError: whatever this run's parts say to this run's data."""
    for name in run.evaluation.studies:
        if name not in STUDIES:
            raise ConfigError(f"evaluation.studies: no study {name!r}; {nearest(name, STUDIES)}")
    link, attack = build(run, splits)
    calibration = min(len(splits.calibration), MOST_CALIBRATION)
    aim_of(attack).require(run.evaluation.judge, calibration, alpha=run.evaluation.alpha)
    pairs = poisoned_pairs(run, attack, splits)
    for level in (pairs.level, torch.zeros_like(pairs.level)):  # the attacked and the clean system
        separate = Controls.TRAINING in attack.controls and bool(level.any())
        Batches(level, batch=run.training.batch, separate=separate, seed=run.seed)
    for spec in run.defense:
        make_defense(spec).refuse(link)
