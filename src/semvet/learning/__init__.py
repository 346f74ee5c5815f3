"""The one training loop, and what it asks of whoever learns in it."""

from semvet.learning.learner import Arrays, Learner, Resumable
from semvet.learning.loop import Learned, Report, train
from semvet.learning.resuming import Checkpoints, Reached

__all__ = [
    "Arrays",
    "Checkpoints",
    "Learned",
    "Learner",
    "Reached",
    "Report",
    "Resumable",
    "train",
]
