"""U-shaped split training: both halves in this process, or the receiver in one of its own."""

from typing import Any

import torch

from semvet.config import Run
from semvet.stages.watch import Watch
from semvet.systems import TrainableLink
from semvet.types import Pairs


def split_training(
    run: Run, pairs: Pairs, *, parties: int, timeout_s: float, device: torch.device, watch: Watch
) -> tuple[TrainableLink, dict[str, Any]]:
    """The run's system trained from the start, each image's label being itself as it was sent.

    Args:
        run: what is trained and how; its attack and defenses do not matter.
        pairs: training pairs, uint8; `wanted` and `level` are not looked at.
        parties: processes, 1 or 2; with 2, this one is the transmitter.
        timeout_s: longest wait for a message of the other process.

    Returns:
        The trained link in evaluation mode on `device`, and findings: plain numbers.

    Raises:
        DefenseError: a system that does not come apart; a peer that dies, hangs or lies.
    """
    raise NotImplementedError
