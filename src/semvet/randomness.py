"""Named random streams. The only module allowed to create or seed a generator.

A stream is derived from (seed, purpose, index), so that an additional draw in one stage never
shifts another, and a training that resumes at step `index` draws what it would have drawn.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator, Tensor


def _digest(seed: int, purpose: str, index: int) -> int:
    name = f"{seed}/{purpose}/{index}".encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") >> 1


def stream(
    seed: int, purpose: str, *, index: int = 0, device: torch.device | str = "cpu"
) -> Generator:
    """An independent generator per (seed, purpose, index) on `device`."""
    return Generator(device).manual_seed(_digest(seed, purpose, index))


@contextmanager
def seeded(seed: int, purpose: str) -> Iterator[None]:
    """For layer initialization, which can only use torch's global stream. Puts it back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_digest(seed, purpose, 0))
        yield


@contextmanager
def untouched() -> Iterator[None]:
    """Puts torch's global streams back: for packages that reseed them when they are imported."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        yield


@contextmanager
def lent(rng: Generator, *, to: Generator) -> Iterator[None]:
    """What is drawn from `to` in here comes out of `rng` instead; `to` itself ends as it began.

    For packages that draw from a generator of their own, on the same kind of device.
    """
    own = to.get_state()
    to.set_state(rng.get_state())
    try:
        yield
    finally:
        rng.set_state(to.get_state())
        to.set_state(own)


def complex_normal(shape: tuple[int, ...], *, rng: Generator) -> Tensor:
    """CN(0, 1) in complex64 on the generator's device: unit power, half per real dimension."""
    return torch.randn(shape, dtype=torch.complex64, generator=rng, device=rng.device)


def permutation(n: int, *, rng: Generator) -> Tensor:
    """0..n-1 in random order, int64, on the generator's device."""
    return torch.randperm(n, generator=rng, device=rng.device)
