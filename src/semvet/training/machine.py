"""What this machine can do: its device, whether bf16 convolutions can be trusted, its peaks."""

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import conv2d

from semvet.clock import Stopwatch
from semvet.errors import ConfigError
from semvet.randomness import stream

Precision = Literal["bf16", "fp32"]


def pick_device(name: str) -> torch.device:
    """`auto` takes the first GPU if there is one. Raises ConfigError for one that is not there."""
    gpus = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    allowed = ["auto", "cpu", *(["cuda", *gpus] if gpus else [])]
    if name not in allowed:
        raise ConfigError(f"--device: {name!r} is not here; allowed: {', '.join(allowed)}")
    return torch.device(("cuda" if gpus else "cpu") if name == "auto" else name)


def place(module: nn.Module, device: torch.device) -> None:
    """Onto the device, weights in the memory order that convolutions are fastest in."""
    module.to(device)
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in the stubs


def has_native_bf16(device: torch.device) -> bool:
    """Whether bf16 arithmetic is in hardware; elsewhere it is emulated and slower than fp32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def bf16_error(device: torch.device) -> float:
    """Relative RMS error of one bf16 channels-last convolution and its gradient against fp32."""
    rng = stream(0, "bf16 self-test")
    x, w = torch.randn(8, 16, 28, 28, generator=rng), torch.randn(32, 16, 5, 5, generator=rng)
    results = []
    for dtype in (torch.float32, torch.bfloat16):
        xd = x.to(device, dtype).contiguous(memory_format=torch.channels_last)
        wd = w.to(device, dtype).contiguous(memory_format=torch.channels_last).requires_grad_()
        y = conv2d(xd, wd, padding=2, stride=2)
        y.square().mean().backward()
        assert wd.grad is not None
        results.append((y.detach().float(), wd.grad.float()))
    (y32, g32), (y16, g16) = results
    return max(float((a - b).norm() / b.norm()) for a, b in ((y16, y32), (g16, g32)))


def choose_precision(asked: str, device: torch.device) -> tuple[Precision, str]:
    """The precision to train in, and why: bf16 where hardware has it and the self-test passes."""
    if asked == "fp32":
        return "fp32", "asked for"
    if asked == "auto" and not has_native_bf16(device):
        return "fp32", "no bf16 arithmetic in this hardware"
    error = bf16_error(device)
    if not error < 0.02:  # bf16 keeps 8 bits: about 0.004 is normal; NaN fails too
        return "fp32", f"bf16 self-test failed: relative error {error:.3g}"
    return "bf16", f"bf16 self-test passed: relative error {error:.2g}"


@dataclass(frozen=True)
class Peaks:
    """Floating-point operations per second of the best of a few large operations, measured."""

    conv: float
    gemm: float


@cache
def measure_peaks(device: torch.device, precision: Precision) -> Peaks:
    """About half a second. The convolution is of the size that these networks consist of."""
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    size, batch, chan = 28, 128 if device.type == "cpu" else 1024, 64
    x = torch.randn(batch, chan, size, size, generator=stream(0, "peak")).to(device, dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    w = torch.randn(chan, chan, 5, 5, generator=stream(0, "peak")).to(device, dtype)
    w = w.contiguous(memory_format=torch.channels_last)
    side = 1024 if device.type == "cpu" else 8192
    m = torch.randn(side, side, generator=stream(0, "peak")).to(device, dtype)
    with torch.no_grad():
        conv_s = _best_time(lambda: conv2d(x, w, padding=2), device)
        gemm_s = _best_time(lambda: m @ m, device)
    return Peaks(2.0 * batch * size**2 * chan**2 * 25 / conv_s, 2.0 * side**3 / gemm_s)


def _best_time(
    operation: Callable[[], torch.Tensor], device: torch.device, seconds: float = 0.2
) -> float:
    best, whole = float("inf"), Stopwatch(device)
    while whole.seconds() < seconds:
        clock = Stopwatch(device)
        operation()
        best = min(best, clock.seconds())
    return best


def peak_memory_mib(device: torch.device) -> float:
    """Largest memory so far: of the GPU's allocator, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
