"""Each system's PSNR over SNR at two ratios, beside the published table and the separation line.

    make calibrate                                    every system, then the pictures in docs/
    python -m experiments.calibrate jscc scan         some of them
    python -m experiments.calibrate point             jscc alone at full width, one SNR, all images

On a CPU widths, images and epochs are reduced, and one training serves a whole curve: each of its
steps has an SNR of its own, uniform over the table's range. On CUDA every point is trained at its
own SNR with all images. Trainings are kept in the store, so a second call only measures.

The table (Bourtsoulatze et al.'s network over AWGN, trained and tested at the same SNR, to the end)
is of the original CIFAR-10; where the copy at hand is JPEG-coded, PSNR reads .4 to 1.3 dB high.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from experiments.calibration_table import PRINTED, print_table
from experiments.command import parser, start
from experiments.records.calibration import (
    CALIBRATION,
    CURVES,
    POINT,
    RATIOS,
    SINGLE_POINT,
    SNRS_DB,
    Curve,
    Point,
    Preset,
    SinglePoint,
)
from experiments.records.files import write_results
from semvet.catalog import make_source, resolve
from semvet.channels import AWGN
from semvet.data import DataSet, split
from semvet.errors import DataError
from semvet.evaluation.sending import transmit
from semvet.metrics.psnr import mse
from semvet.metrics.statistics import mean, mean_interval, psnr_of_mean_mse
from semvet.pipeline.recipes import recipe_of
from semvet.records.run import Findings
from semvet.store import default_store
from semvet.systems import Transceiver
from semvet.training.machine import pick_device
from semvet.training.recipe import Trainer
from semvet.training.trained import TrainedSystem, trained_system
from semvet.types import to_images
from semvet.watch import Silent

# about as many parameters as jscc (156 k at k/n 1/6 on colour images) for each
EQUAL_SIZE: dict[str, Findings] = {
    "jscc": {},
    "jscc-f": {"width": 19, "training": "joint"},  # greedy halves the steps of a short training
    "jscc-q": {"width": 20, "points": 64},
    "scan": {"width": 48},
    "semcc": {},  # and 70 k in a projection that only training needs
    "separate": {},
}
CPU = Preset(epochs=12, images=10_000, tested=1000, matched=False)
CUDA = Preset(epochs=200, images=50_000, tested=10_000, matched=True, batch=256)
WHOLE = Preset(epochs=25, images=50_000, tested=10_000, matched=True)  # the single point
QUICK = {"epochs": 1, "images": 2000, "tested": 200}


def load() -> DataSet:
    """CIFAR-10 if it is to be had, else the packaged digits."""
    try:
        return make_source(resolve({"data": "cifar10"}).data).load()
    except DataError as error:
        print(f"{error}\nMNIST instead: the table does not apply", file=sys.stderr)
        return make_source(resolve({"data": "mnist"}).data).load()


def train(
    data: DataSet, name: str, args: Findings, preset: Preset, snr_db: float, spread_db: float
) -> TrainedSystem:
    part = DataSet(
        data.train.take(torch.arange(min(preset.images, len(data.train)))), data.test, data.source
    )
    run = resolve(
        {
            "system": {"name": name, **args},
            "snr_db": snr_db,
            "training": {
                "epochs": preset.epochs, "batch": preset.batch, "snr_spread_db": spread_db,
                "learning_rate": preset.learning_rate,
            },
        }
    )  # fmt: skip
    recipe = recipe_of(run, split(part, seed=0), part.fingerprint)
    trainer = Trainer(default_store(), pick_device("auto"), Silent(), 30.0)
    return trained_system(recipe, trainer, name=name)


@torch.no_grad()
def measure(trained: TrainedSystem, data: DataSet, snr_db: float, tested: int) -> Point:
    """PSNR of the test images, one channel draw each."""
    link = Transceiver(trained.link.system, AWGN(), snr_db=snr_db).eval()
    device = next(link.parameters()).device
    x = to_images(data.test.pixels[:tested].to(device))
    errors = mse(transmit(link, x, seed=0, purpose="calibrate"), x)
    each = -10 * errors.log10()
    return Point(
        snr_db=snr_db,
        psnr_of_mean_mse_db=psnr_of_mean_mse(errors),
        psnr_db=mean(each),
        psnr_db_interval=mean_interval(each),
        n=len(x),
    )


def curve(data: DataSet, name: str, ratio: float, preset: Preset) -> Curve:
    args: Findings = EQUAL_SIZE[name] | {"bandwidth_ratio": ratio}
    middle, spread_db = (SNRS_DB[0] + SNRS_DB[-1]) / 2, (SNRS_DB[-1] - SNRS_DB[0]) / 2
    if preset.matched:
        every = [train(data, name, args, preset, snr_db, 0.0) for snr_db in SNRS_DB]
    else:
        every = [train(data, name, args, preset, middle, spread_db)] * len(SNRS_DB)
    points = [
        measure(trained, data, snr_db, preset.tested)
        for trained, snr_db in zip(every, SNRS_DB, strict=True)
    ]
    last = every[-1]
    return Curve(
        system=name,
        args=args,
        parameters=sum(p.numel() for p in last.link.parameters()),
        training_seconds=last.record.seconds,
        precision=last.record.precision,
        data=source(data),
        preset=preset,
        points=tuple(points),
    )


def single_point(data: DataSet, preset: Preset) -> SinglePoint:
    """jscc as published, at k/n 1/6 and 10 dB."""
    trained = train(data, "jscc", {"bandwidth_ratio": 1 / 6}, preset, 10.0, 0.0)
    found = measure(trained, data, 10.0, preset.tested)
    gap = found.psnr_of_mean_mse_db - PRINTED[1 / 6][10.0]
    return SinglePoint(
        **dict(found),
        gap_to_table_db=gap,
        accepted=-2.6 <= gap <= -0.2,
        training_seconds=trained.record.seconds,
        data=source(data),
        preset=preset,
    )


def source(data: DataSet) -> str:
    """Where the images came from, on any machine."""
    return re.sub(r"local folder \S+", "local folder", data.source)


def main(words: Sequence[str] | None = None) -> None:
    ask = parser("calibrate", __doc__)
    ask.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(EQUAL_SIZE)} or {POINT}; none: all"
    )
    ask.add_argument("--out", type=Path, help="another folder than results/calibration")
    ask.add_argument(
        "--quick", action="store_true",
        help="one epoch on 2,000 images: a look at the script, no result",
    )  # fmt: skip
    asked = ask.parse_args(words)
    every = [*EQUAL_SIZE, POINT]
    if unknown := [name for name in asked.names if name not in every]:
        ask.error(f"no system {', '.join(unknown)}; there are {', '.join(every)}")
    if asked.quick and not asked.out:
        ask.error("--quick needs --out FOLDER: its figures are no results")
    data, folder = load(), asked.out or CALIBRATION
    preset, whole = CUDA if torch.cuda.is_available() else CPU, WHOLE
    if asked.quick:
        preset, whole = (one.model_copy(update=QUICK) for one in (preset, whole))
    for name in asked.names or every:
        if name == POINT:
            write_results(folder / f"{POINT}.json", SINGLE_POINT, single_point(data, whole))
        else:
            curves = tuple(curve(data, name, ratio, preset) for ratio in RATIOS)
            write_results(folder / f"{name}.json", CURVES, curves)
        print_table(folder)


if __name__ == "__main__":
    start(main)
