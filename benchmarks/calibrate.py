"""Each system's PSNR over SNR at two ratios, beside the published table and the separation line.

    make calibrate                                    every system, then the pictures in docs/
    python -m benchmarks.calibrate jscc scan          some of them
    python -m benchmarks.calibrate point              jscc alone at full width, one SNR, all images

On a CPU widths, images and epochs are reduced, and one training serves a whole curve: each of its
steps has an SNR of its own, uniform over the table's range. On CUDA every point is trained at its
own SNR with all images. Trainings are kept in the store, so a second call only measures.

The table (Bourtsoulatze et al.'s network over AWGN, trained and tested at the same SNR, to the end)
is of the original CIFAR-10; where the copy at hand is JPEG-coded, PSNR reads .4 to 1.3 dB high.
"""

import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.calibration_table import PRINTED, RATIOS, SNRS_DB, print_table
from semvet.catalog import make_source, resolve
from semvet.channels import AWGN
from semvet.data import DataSet, split
from semvet.errors import DataError
from semvet.evaluation.measurement import transmit
from semvet.metrics.psnr import mse
from semvet.metrics.statistics import mean, mean_interval, psnr_of_mean_mse
from semvet.store import default_store
from semvet.systems import Transceiver
from semvet.training.machine import pick_device
from semvet.training.trained import TrainedSystem, Workshop, trained_system
from semvet.types import to_images
from semvet.watch import Silent

RESULTS = Path(__file__).parents[1] / "results" / "calibration"
# about as many parameters as jscc (156 k at k/n 1/6 on colour images) for each
EQUAL_SIZE: dict[str, dict[str, Any]] = {
    "jscc": {},
    "jscc-f": {"width": 19, "training": "joint"},  # greedy halves the steps of a short training
    "jscc-q": {"width": 20, "points": 64},
    "scan": {"width": 48},
    "semcc": {},  # and 70 k in a projection that only training needs
    "separate": {},
}


@dataclass(frozen=True)
class Preset:
    """How long, on how much, and whether each point of a curve is trained at its own SNR."""

    epochs: int
    images: int  # training images, at most
    tested: int
    matched: bool
    batch: int = 48
    learning_rate: float = 3e-3


CPU = Preset(epochs=12, images=10_000, tested=1000, matched=False)
CUDA = Preset(epochs=200, images=50_000, tested=10_000, matched=True, batch=256)
POINT = Preset(epochs=25, images=50_000, tested=10_000, matched=True)


def load() -> DataSet:
    """CIFAR-10 if it is to be had, else the packaged digits."""
    try:
        return make_source(resolve({"data": "cifar10"}).data).load()
    except DataError as error:
        print(f"{error}\nMNIST instead: the table does not apply", file=sys.stderr)
        return make_source(resolve({"data": "mnist"}).data).load()


def train(
    data: DataSet, name: str, args: dict[str, Any], preset: Preset, snr_db: float, spread: float
) -> TrainedSystem:
    part = DataSet(
        data.train.take(torch.arange(min(preset.images, len(data.train)))), data.test, data.source
    )
    run = resolve(
        {
            "system": {"name": name, **args},
            "snr_db": snr_db,
            "training": {
                "epochs": preset.epochs, "batch": preset.batch, "snr_spread_db": spread,
                "learning_rate": preset.learning_rate,
            },
        }
    )  # fmt: skip
    workshop = Workshop(
        split(part, seed=0), part.fingerprint, default_store(), pick_device("auto"), Silent(), 30.0
    )
    return trained_system(run, workshop, name=name)


@torch.no_grad()
def measure(trained: TrainedSystem, data: DataSet, snr_db: float, tested: int) -> dict[str, Any]:
    """PSNR and symbols spent on the test images, one channel draw each."""
    link = Transceiver(trained.link.system, AWGN(), snr_db=snr_db).eval()
    device = next(link.parameters()).device
    x = to_images(data.test.pixels[:tested].to(device))
    errors = mse(transmit(link, x, seed=0, purpose="calibrate"), x)
    each = -10 * errors.log10()
    return {
        "snr_db": snr_db,
        "psnr_of_mean_mse_db": psnr_of_mean_mse(errors),
        "psnr_db": mean(each),
        "psnr_db_interval": mean_interval(each),
        "n": len(x),
    }


def curve(data: DataSet, name: str, ratio: float, preset: Preset) -> dict[str, Any]:
    args = EQUAL_SIZE[name] | {"bandwidth_ratio": ratio}
    middle, spread = (SNRS_DB[0] + SNRS_DB[-1]) / 2, (SNRS_DB[-1] - SNRS_DB[0]) / 2
    shared = None if preset.matched else train(data, name, args, preset, middle, spread)
    points, trained = [], shared
    for snr_db in SNRS_DB:
        trained = shared or train(data, name, args, preset, snr_db, 0.0)
        points.append(measure(trained, data, snr_db, preset.tested))
    assert trained is not None
    return {
        "system": name,
        "args": args,
        "parameters": sum(p.numel() for p in trained.link.parameters()),
        "training_seconds": trained.record["seconds"],
        "precision": trained.record["precision"],
        "data": re.sub(r"local folder \S+", "local folder", data.source),
        "preset": vars(preset),
        "points": points,
    }


def single_point(data: DataSet) -> dict[str, Any]:
    """jscc as published, at k/n 1/6 and 10 dB."""
    trained = train(data, "jscc", {"bandwidth_ratio": 1 / 6}, POINT, 10.0, 0.0)
    found = measure(trained, data, 10.0, POINT.tested)
    gap = found["psnr_of_mean_mse_db"] - PRINTED[1 / 6][10.0]
    return found | {
        "gap_to_table_db": gap,
        "accepted": -2.6 <= gap <= -0.2,
        "training_seconds": trained.record["seconds"],
        "data": re.sub(r"local folder \S+", "local folder", data.source),
        "preset": vars(POINT),
    }


def main(names: list[str]) -> None:
    data = load()
    RESULTS.mkdir(parents=True, exist_ok=True)
    preset = CUDA if torch.cuda.is_available() else CPU
    if "--quick" in names:
        names.remove("--quick")
        preset = replace(preset, epochs=1, images=2000, tested=200)
    for name in [n for n in names or [*EQUAL_SIZE, "point"] if n != "point"]:
        curves = [curve(data, name, ratio, preset) for ratio in RATIOS]
        _write(name, curves)
        print_table()
    if not names or "point" in names:
        _write("point", single_point(data))
    print_table()


def _write(name: str, what: Any) -> None:
    (RESULTS / f"{name}.json").write_text(json.dumps(what, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
