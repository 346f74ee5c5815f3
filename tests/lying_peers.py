"""Receivers that go wrong at a step: each function is a program for a process of its own."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import torch

from semvet.stages.split.peer import main
from semvet.stages.split.wire import Gloo

STEP = 2


def _goes_wrong(at: str, how: Callable[[Gloo, dict, torch.Tensor], tuple[dict, torch.Tensor]]):
    """The honest receiver, but for the message `at` of one step."""
    honest = Gloo._put

    def put(wire: Gloo, header: dict[str, Any], content: torch.Tensor) -> None:
        if (header["kind"], header["step"]) == (at, STEP):
            header, content = how(wire, header, content)
        honest(wire, header, content)

    Gloo._put = put
    main()


def _restated(header: dict, content: torch.Tensor) -> tuple[dict, torch.Tensor]:
    return header | {"shape": list(content.shape), "type": str(content.dtype)}, content


def dies() -> None:
    _goes_wrong("activations", lambda *_: os.kill(os.getpid(), signal.SIGKILL))


def falls_silent() -> None:
    _goes_wrong("activations", lambda *_: time.sleep(600))


def raises() -> None:
    _goes_wrong("activations", lambda *_: {}["my own bug"])


def sends_nan() -> None:
    _goes_wrong("symbol gradients", lambda _, header, x: (header, x * torch.nan))


def cuts_images() -> None:
    _goes_wrong("activations", lambda _, header, x: _restated(header, x[:, :, 1:].contiguous()))


def babbles() -> None:
    def noise(wire: Gloo, header: dict, content: torch.Tensor) -> tuple[dict, torch.Tensor]:
        wire._send(torch.full((512,), 255, dtype=torch.uint8))
        return header, content

    _goes_wrong("activations", noise)
