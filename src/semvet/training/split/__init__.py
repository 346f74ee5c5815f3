"""U-shaped split training (BASS Sec. IV-A), by one process or by two."""

from semvet.training.split.system import split_system
from semvet.training.split.training import split_training

__all__ = ["split_system", "split_training"]
