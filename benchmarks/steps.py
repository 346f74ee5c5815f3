"""One training step of each system: time, images per second and peak memory, on random images.

make steps                                    every system, each in a process of its own
python -m benchmarks.steps jscc scan          some of them
python -m benchmarks.steps jscc --steps 6     the smallest
"""

import subprocess
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence

import torch
from rich.console import Console
from rich.table import Table

from semvet.attacks import NoAttack
from semvet.channels import AWGN
from semvet.clock import Stopwatch
from semvet.config import TrainingPlan
from semvet.randomness import seeded, stream
from semvet.records import Record
from semvet.systems import SYSTEMS, Transceiver
from semvet.training.engine import Engine
from semvet.training.machine import choose_precision, peak_memory_mib, pick_device
from semvet.types import ImageShape, Pairs

SHAPES = {"1x28x28": ImageShape(1, 28, 28), "3x32x32": ImageShape(3, 32, 32)}
BATCH, STEPS, WARM_UP = 48, 40, 5
LEARNED = [name for name in SYSTEMS if name not in ("identity", "separate", "external")]


class Step(Record):
    """Of one system on images of one size."""

    precision: str
    parameters: int
    median_ms: float
    best_ms: float
    images_per_s: float
    peak_memory_mib: float


def one(name: str, size: str, steps: int) -> Step:
    """The last phase of the training, the longest one where phases differ."""
    shape, device = SHAPES[size], pick_device("auto")
    precision, _ = choose_precision("auto", device)
    before = peak_memory_mib(device)
    with seeded(0, "system"):
        system = SYSTEMS[name](shape)
    pixels = torch.randint(256, (BATCH * steps, *shape), generator=stream(0, "x"))
    level = torch.zeros(len(pixels), dtype=torch.int64)
    sent = pixels.to(torch.uint8)
    engine = Engine(
        Transceiver(system, AWGN(), snr_db=10.0),
        NoAttack(torch.rand(16, *shape, generator=stream(0, "t"))),
        Pairs(sent, sent, level, level), TrainingPlan(epochs=system.phases, batch=BATCH),
        seed=0, device=device, precision=precision,
    )  # fmt: skip
    times = []
    for step in range(engine.steps - steps, engine.steps):  # an epoch is a phase
        engine.phases.begin(step)
        index, clock = engine.order.row(step), Stopwatch(device)
        engine._one_step(step, index)
        times.append(clock.seconds())
    times = sorted(times[WARM_UP:])
    return Step(
        precision=precision,
        parameters=sum(p.numel() for p in system.parameters()),
        median_ms=1000 * times[len(times) // 2],
        best_ms=1000 * times[0],
        images_per_s=BATCH / times[len(times) // 2],
        peak_memory_mib=peak_memory_mib(device) - before,
    )


def apart(name: str, size: str, steps: int) -> Step:
    """`one` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.steps", name, "--only", size]
    command += ["--steps", str(steps)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Step.model_validate_json(done.stdout.splitlines()[-1])


def compare(names: Sequence[str], steps: int) -> None:
    table = Table(
        "system", "images", "parameters", "step ms (median)", "best", "images/s", "peak MiB"
    )
    for name in names:
        for size in SHAPES:
            found = apart(name, size, steps)
            table.add_row(
                name, size, f"{found.parameters:,}", f"{found.median_ms:.1f}",
                f"{found.best_ms:.1f}", f"{found.images_per_s:,.0f}",
                f"{found.peak_memory_mib:.0f}",
            )  # fmt: skip
    console = Console()
    console.print(
        f"one training step at batch {BATCH}, default widths, {torch.get_num_threads()} threads, "
        f"{found.precision}; memory above that of the imported libraries"
    )
    console.print(table)


def main(words: Sequence[str] | None = None) -> None:
    ask = ArgumentParser(
        "python -m benchmarks.steps", description=__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    ask.add_argument("names", nargs="*", metavar="SYSTEM", help=f"{', '.join(LEARNED)}; none: all")
    ask.add_argument("--only", choices=SHAPES, help="images of one size, as JSON")
    ask.add_argument(
        "--steps", type=int, default=STEPS, help=f"of each, {WARM_UP} of which do not count"
    )
    asked = ask.parse_args(words)
    if asked.steps <= WARM_UP:
        ask.error(f"--steps: more than {WARM_UP}")
    if unknown := [name for name in asked.names if name not in LEARNED]:
        ask.error(f"no system {', '.join(unknown)} that learns; there are {', '.join(LEARNED)}")
    if asked.only:
        for name in asked.names:
            print(one(name, asked.only, asked.steps).model_dump_json())
    else:
        compare(asked.names or LEARNED, asked.steps)


if __name__ == "__main__":
    main()
