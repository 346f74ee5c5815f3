"""Seconds that a device worked, not seconds that launching its work took."""

import time
from typing import final

import torch


@final
class Stopwatch:
    """Runs from its construction."""

    def __init__(self, device: torch.device):
        self.device = device
        self.began = self._now()

    def seconds(self) -> float:
        return self._now() - self.began

    def _now(self) -> float:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()
