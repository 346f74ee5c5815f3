"""results/calibration: one file of curves per system, and one of a single, longer training."""

from pathlib import Path

from pydantic import TypeAdapter

from experiments.records.files import RESULTS, read_results
from semvet.records import Record
from semvet.records.base import Interval
from semvet.records.run import Findings

CALIBRATION = RESULTS / "calibration"
POINT = "point"  # the file that is not a system's
SNRS_DB = (4.0, 7.0, 10.0, 16.0, 22.0)
RATIOS = (1 / 12, 1 / 6)


class Preset(Record):
    """How long, on how much, and whether each point of a curve is trained at its own SNR."""

    epochs: int
    images: int  # training images, at most
    tested: int
    matched: bool
    batch: int = 48
    learning_rate: float = 3e-3


class Point(Record):
    """One channel draw for each of n test images."""

    snr_db: float
    psnr_of_mean_mse_db: float
    psnr_db: float
    psnr_db_interval: Interval
    n: int


class Curve(Record):
    """One system at one ratio, in the order of SNRS_DB."""

    system: str
    args: Findings
    parameters: int
    training_seconds: float
    precision: str
    data: str
    preset: Preset
    points: tuple[Point, ...]

    @property
    def psnr_db(self) -> list[float]:
        """Of the mean MSE, as the published table has it."""
        return [point.psnr_of_mean_mse_db for point in self.points]


class SinglePoint(Point):
    gap_to_table_db: float
    accepted: bool
    training_seconds: float
    data: str
    preset: Preset


CURVES = TypeAdapter(tuple[Curve, ...])  # of one system, in the order of RATIOS
SINGLE_POINT = TypeAdapter(SinglePoint)


def read_curves(folder: Path) -> dict[str, tuple[Curve, ...]]:
    """By system."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stem)
    return {f.stem: read_results(f, CURVES) or () for f in files if f.stem != POINT}


def read_point(folder: Path) -> SinglePoint | None:
    """None where it was not trained yet."""
    return read_results(folder / f"{POINT}.json", SINGLE_POINT)
