"""Named tensors between two parties that do not trust each other's arithmetic.

    send      header (JSON: kind, step, type, shape), then the values
    receive   the header has to be the expected one, then the values have to be finite

`InMemory` leads to the same process, `Gloo` to another one, through torch.distributed.
"""

import json
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor

from semvet.errors import DefenseError

HEADER = 512  # bytes, filled up with blanks
ENDING_S = 10.0  # a process that broke the connection may be ending right now
WAY_OUT = (
    "Run it again, with a larger defense.timeout_s where the machine is slow, or in one process "
    "(defense.parties=1)"
)


@dataclass(frozen=True)
class Message:
    """What the script of a step says will be sent."""

    kind: str
    sender: str  # "transmitter" or "receiver"
    shape: tuple[int, ...]
    dtype: torch.dtype

    def header(self, step: int) -> dict[str, Any]:
        return header_of(self.kind, step, self.shape, self.dtype)


def header_of(kind: str, step: int, shape: tuple[int, ...], dtype: torch.dtype) -> dict[str, Any]:
    return {"kind": kind, "step": step, "type": str(dtype), "shape": list(shape)}


class Wire(ABC):
    """One party's end.

    Attributes:
        traffic: bytes of values by message, sent and received, without the headers.
    """

    def __init__(self, steps: int):
        self.steps = steps
        self.traffic: dict[Message, int] = {}

    def send(self, message: Message, tensor: Tensor, *, step: int) -> None:
        """Whatever `tensor` is goes out as it is; the other end decides whether it is right.

        Raises DefenseError: the peer is gone, or does not take it in time.
        """
        content = tensor.detach().contiguous()
        header = header_of(message.kind, step, tuple(content.shape), content.dtype)
        began = time.perf_counter()
        try:
            self._put(header, content)
        except RuntimeError as error:
            raise self._lost(message, step, "could not send its", began) from error
        self._count(message, content)

    def receive(self, message: Message, *, step: int) -> Tensor:
        """Raises DefenseError: nothing came, or something else than `message`."""
        began = time.perf_counter()
        try:
            header = self._next_header()
            self._refuse_another(message, header, step)
            content = self._next_content(message)
        except RuntimeError as error:
            raise self._lost(message, step, "sent no", began) from error
        if not content.isfinite().all():
            raise DefenseError(
                f"split-training: the {message.sender} sent {message.kind} with NaN or infinity at "
                f"step {step} of {self.steps}: it is faulty, or the training diverged. Lower "
                f"training.learning_rate, or use another {message.sender}"
            )
        self._count(message, content)
        return content

    @abstractmethod
    def _put(self, header: dict[str, Any], content: Tensor) -> None: ...

    @abstractmethod
    def _next_header(self) -> dict[str, Any]: ...

    @abstractmethod
    def _next_content(self, message: Message) -> Tensor:
        """Of the header that came last, which was the expected one."""

    def _fate(self, waited_s: float) -> str:
        """Why nothing came, and what is known of the peer."""
        return "the connection broke"

    def _count(self, message: Message, content: Tensor) -> None:
        sent = content.numel() * content.element_size()
        self.traffic[message] = self.traffic.get(message, 0) + sent

    def _refuse_another(self, message: Message, header: dict[str, Any], step: int) -> None:
        expected = message.header(step)
        if header == expected:
            return
        wrong = [key for key in expected if header.get(key) != expected[key]]
        said, wanted = ({key: h.get(key) for key in wrong} for h in (header, expected))
        raise DefenseError(
            f"split-training: the {message.sender} sent {said} instead of {wanted} where its "
            f"{message.kind} belong, at step {step} of {self.steps}. Both processes need the same "
            "semvet and the same run; or train in one process (defense.parties=1)"
        )

    def _lost(self, message: Message, step: int, what: str, began: float) -> DefenseError:
        fate = self._fate(time.perf_counter() - began)
        return DefenseError(
            f"split-training: the {message.sender} {what} {message.kind} at step {step} of "
            f"{self.steps}: {fate}. {WAY_OUT}"
        )


@final
class InMemory(Wire):
    """Make both ends with `pair`."""

    def __init__(self, steps: int, out: deque, back: deque):
        super().__init__(steps)
        self.out, self.back = out, back

    @classmethod
    def pair(cls, steps: int) -> tuple["InMemory", "InMemory"]:
        here: deque = deque()
        there: deque = deque()
        return cls(steps, here, there), cls(steps, there, here)

    def _put(self, header: dict[str, Any], content: Tensor) -> None:
        self.out.append((header, content))

    def _next_header(self) -> dict[str, Any]:
        return self.back[0][0]

    def _next_content(self, message: Message) -> Tensor:
        return self.back.popleft()[1]


@final
class Gloo(Wire):
    """To a process on this machine, over the loopback interface.

    Args:
        rendezvous: a file in a folder that both processes can write to.
        rank: 0 the transmitter, 1 the receiver.
        timeout_s: for the other end to appear, and for each message.
        device: where received values belong.
        peer: what is known of the other process, for errors; waits so many seconds for its end.

    Raises:
        DefenseError: the other end does not appear.
    """

    def __init__(
        self, rendezvous: Path, rank: int, *, steps: int, timeout_s: float, device: torch.device,
        peer: Callable[[float], str],
    ):  # fmt: skip
        super().__init__(steps)
        self.other, self.device, self.peer = 1 - rank, device, peer
        self.timeout = timedelta(seconds=timeout_s)
        # no public way leads to: the loopback interface only, and no global group
        gloo: Any = torch.distributed.ProcessGroupGloo
        options = gloo._Options()
        options._devices = [gloo.create_device(hostname="127.0.0.1")]
        options._timeout = self.timeout
        try:
            self.store = torch.distributed.FileStore(str(rendezvous), 2)
            self.group = gloo(self.store, rank, 2, options)
        except RuntimeError as error:
            raise DefenseError(
                f"split-training: the other process did not appear: {self._fate(timeout_s)}. "
                f"{WAY_OUT}"
            ) from error

    def _put(self, header: dict[str, Any], content: Tensor) -> None:
        text = json.dumps(header).encode().ljust(HEADER)
        self._send(torch.frombuffer(bytearray(text), dtype=torch.uint8))
        self._send(content.cpu().reshape(-1).view(torch.uint8))

    def _next_header(self) -> dict[str, Any]:
        text = bytes(self._receive(HEADER).tolist())
        try:
            header = json.loads(text)
        except ValueError:
            header = None
        return header if isinstance(header, dict) else {"kind": "no header"}

    def _next_content(self, message: Message) -> Tensor:
        values = torch.empty(message.shape, dtype=message.dtype)
        content = self._receive(values.numel() * values.element_size())
        return content.view(message.dtype).view(message.shape).to(self.device)

    def _send(self, content: Tensor) -> None:
        self.group.send([content], self.other, 0).wait(self.timeout)

    def _receive(self, count: int) -> Tensor:
        content = torch.empty(count, dtype=torch.uint8)
        self.group.recv([content], self.other, 0).wait(self.timeout)
        return content

    def _fate(self, waited_s: float) -> str:
        limit = self.timeout.total_seconds()
        if waited_s >= limit:
            return f"nothing for {limit:g} s; {self.peer(0.0)}"
        return f"the connection broke; {self.peer(ENDING_S)}"
