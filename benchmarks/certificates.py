"""What certificates cost beside the forward passes that they need, as ratios measured in one run.

    make bench                                  10,000 copies
    python -m benchmarks.certificates 1000      the smallest

An untrained `jscc` of the default width on one 28x28 image: weights do not change the time. Every
row is the median over rounds that alternate with bare forward passes of the same number of copies.
Time is this process's on all cores, which others on the machine do not add to. Memory is the
largest of a process of its own at each n, above that of the imports (Linux).
"""

import re
import statistics
import subprocess
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from semvet.certificates import certify_image
from semvet.certificates.sampling import CHUNK, samples
from semvet.channels import AWGN
from semvet.defenses import SemanticSmoothing, Vantage, View
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape

SHAPE, SIGMA, ALPHA, N0, ROUNDS = ImageShape(1, 28, 28), 0.25, 0.001, 1000, 3
RADII = [a * SIGMA for a in (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0)]
SIZES = (1000, 10_000, 100_000)
FAMILIES = {  # what is certified: names, aim
    "mean": (["mean"], 1.3),
    "chi^2 trace": (["trace"], 1.3),
    "chi^2 spectral": (["spectral"], 1.3),
    "median (order statistics)": (["median"], None),
    "center": (["center"], None),
    "center, SSIM": (["center-ssim"], None),
}
COPIES, MNIST, AIM_MINUTES = 10_000, 100, 5.0  # the aim is of so many copies


def make_link() -> Transceiver:
    with seeded(0, "system"):
        link = Transceiver(JSCC(SHAPE), AWGN(), snr_db=25.0)
    return link.eval().requires_grad_(False)


def image() -> Tensor:
    return torch.rand(1, *SHAPE, generator=stream(0, "x"))


@torch.no_grad()
def bare(link: Transceiver, x: Tensor, n: int) -> None:
    """n forward passes of copies that are there already, and nothing else."""
    rng = stream(0, "channel")
    for part in torch.arange(n).split(CHUNK):
        link(x.expand(len(part), *SHAPE), rng=rng)


def certified(link: Transceiver, x: Tensor, n: int, names: list[str]) -> None:
    certify_image(
        link, x, sigma=SIGMA, n0=N0, n=n, alpha=ALPHA, radii=RADII, certificates=names,
        rng=stream(0, "certify"),
    )  # fmt: skip


def works(link: Transceiver, x: Tensor, n: int) -> dict[str, tuple[Callable[[], None], int]]:
    """What is timed, and how many copies it sends."""
    apply = SemanticSmoothing(sigma=SIGMA, copies=n).apply
    smoothed = apply(View(Vantage.TRANSMITTER, link), rng=stream(0, "defense"))
    assert smoothed.certify is not None
    vote = smoothed.certify

    def draw() -> None:
        for _ in samples(link, x, sigma=SIGMA, n=n, rng=stream(0, "copies")):
            pass

    def smooth() -> None:
        smoothed.link(x, rng=stream(0, "smooth"))

    def judge() -> None:
        vote(x, lambda y: y.flatten(1).mean(dim=1) > 0.5, stream(0, "vote"))

    todo = {"noise and channel alone": (draw, n), "smoothing S": (smooth, n), "vote J": (judge, n)}
    for name, (names, _) in FAMILIES.items():
        todo[name] = (partial(certified, link, x, n, names), n + N0)
    return todo


@torch.no_grad()
def ratios(n: int) -> dict[str, float]:
    """Time of each over that of as many bare forward passes."""
    link, x = make_link(), image()
    bare(link, x, 2 * CHUNK)  # warm
    found: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, (work, copies) in works(link, x, n).items():
            before = _seconds(partial(bare, link, x, copies))
            took = _seconds(work)
            after = _seconds(partial(bare, link, x, copies))
            found.setdefault(name, []).append(2 * took / (before + after))
    return {name: statistics.median(values) for name, values in found.items()}


def _seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def memory(n: int) -> float:
    """MiB above the imports, of this process, for all certificates but SSIM's of one image."""
    link, x = make_link(), image()
    before = _peak_mib()
    certified(link, x, n, [name for names, _ in FAMILIES.values() for name in names][:-1])
    return _peak_mib() - before


def _peak_mib() -> float:
    """Of this program alone: what getrusage says includes the process that started it."""
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) / 1024


def compare(n: int) -> None:
    console = Console(width=100)
    link, x = make_link(), image()
    table = Table("", "time / bare forward passes", "aim")
    for name, ratio in ratios(n).items():
        aim = FAMILIES.get(name, ([], 1.3))[1]
        verdict = "" if aim is None else f"<= {aim} {_verdict(n, ratio <= aim)}"
        table.add_row(name, f"{ratio:.2f}", verdict)
    console.print(f"n = {n:,}, {torch.get_num_threads()} threads, fp32", table)
    sizes = [size for size in SIZES if size <= 10 * n]
    peaks = [_memory_apart(size) for size in sizes]
    console.print(
        "peak memory over imports at n = "
        + ", ".join(f"{size:,}" for size in sizes)
        + ": "
        + ", ".join(f"{peak:.0f} MiB" for peak in peaks)
    )
    names = [name for names, _ in FAMILIES.values() for name in names]
    seconds = _seconds(lambda: certified(link, x, n, names))
    console.print(
        f"{MNIST} MNIST images at n = {n:,}, all certificates: {seconds * MNIST / 60:.1f} minutes "
        f"of one core, from one measured image (aim: {AIM_MINUTES:g} minutes of two)"
    )


def _verdict(n: int, met: bool) -> str:
    """With fewer copies, what is done once for an image counts for more."""
    if n < COPIES:
        return f"from n = {COPIES:,}"
    return "met" if met else "MISSED"


def _memory_apart(n: int) -> float:
    command = [sys.executable, "-m", "benchmarks.certificates", str(n), "--memory"]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def main(words: Sequence[str] | None = None) -> None:
    ask = ArgumentParser(
        "python -m benchmarks.certificates", description=__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    ask.add_argument("copies", nargs="?", type=int, default=COPIES, metavar="COPIES")
    ask.add_argument("--memory", action="store_true", help="peak MiB of one image's certificates")
    asked = ask.parse_args(words)
    if asked.copies < SIZES[0]:
        ask.error(f"COPIES: {SIZES[0]:,} or more")
    if asked.memory:
        print(memory(asked.copies))
    else:
        compare(asked.copies)


if __name__ == "__main__":
    main()
