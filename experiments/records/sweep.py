"""results/sweeps/sembugger.json: variants by name, each with its runs."""

from pathlib import Path

from pydantic import TypeAdapter

from experiments.records.files import RESULTS, read_results
from semvet.records import Record
from semvet.records.exhibits import Number
from semvet.records.run import PerLevel

SWEEP = RESULTS / "sweeps" / "sembugger.json"


class Figures(Record):
    """Of one run."""

    seed: int
    n: int
    asr: PerLevel
    clean_system_asr: PerLevel
    benign_false_positive: PerLevel
    psnr_db: float
    delta_psnr_db: float
    ssim: tuple[Number, ...]  # by level, of the trigger
    l2: tuple[Number, ...]


class Variant(Record):
    changes: tuple[str, ...]  # as on the command line
    runs: tuple[Figures, ...]


VARIANTS = TypeAdapter(dict[str, Variant])


def read_sweep(path: Path) -> dict[str, Variant]:
    return read_results(path, VARIANTS) or {}
