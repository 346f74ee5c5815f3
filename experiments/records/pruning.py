"""results/defenses/pruning.json: what BASS's two audits find, one entry per attacked system."""

import json
from pathlib import Path

from pydantic import ConfigDict, Field, JsonValue, TypeAdapter

from experiments.records.files import RESULTS, read_results, write
from semvet.records import Record, SuspicionRecord
from semvet.records.run import Findings

PRUNING = RESULTS / "defenses" / "pruning.json"
SOUND = "sound"  # the variant that is not the printed one
DIGITS = 4  # that are kept of each figure


class EveryRatio(Record):
    """What pruning at each does, in dB of PSNR, for somebody who knows the attack."""

    n: int
    ratios: tuple[float, ...]
    clean_psnr_db: tuple[float, ...]
    target_psnr_db: tuple[float, ...]
    recovered_psnr_db: tuple[float, ...]
    p2: tuple[float, ...]
    best_ratio: float

    def at(self, ratio: float) -> tuple[float, float, float]:
        """PSNR: benign, triggered to the target, triggered to the original."""
        i = self.ratios.index(ratio)
        return self.clean_psnr_db[i], self.target_psnr_db[i], self.recovered_psnr_db[i]


class Pruned(Record):
    findings: Findings
    kernels_pruned: tuple[int, ...]
    edge_padding_d_c: tuple[float, ...]  # of the same curve without zeros at its ends
    labels: SuspicionRecord
    study: EveryRatio


class Inverted(Record):
    """One system's inverted trigger beside the true one."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )

    score: float
    reference_scores: tuple[float, ...]
    backdoor_found: bool | None  # None: no reference systems
    penalty: float = Field(alias="lambda")
    spread: float
    iou: float
    to_target_db: float
    true_trigger_to_target_db: float


class Entry(Record):
    data: str
    system: str
    width: int
    poison_ratio: float
    seed: int
    snr_db: float
    training_images: int
    epochs: int
    pruning: dict[str, dict[str, Pruned]]  # by variant, then by system
    inversion: dict[str, dict[str, Inverted]]  # by what is compared, then by system

    @property
    def key(self) -> tuple[str, int, float, int]:
        """One entry each; a later one replaces it."""
        return self.data, self.width, self.poison_ratio, self.seed


ENTRIES = TypeAdapter(tuple[Entry, ...])


def read_entries(path: Path) -> tuple[Entry, ...]:
    return read_results(path, ENTRIES) or ()


def add_entry(path: Path, entry: Entry) -> None:
    """Sorted, one line each."""
    others = [one for one in read_entries(path) if one.key != entry.key]
    ordered = sorted([*others, entry], key=lambda one: one.key)
    lines = ",\n".join(
        json.dumps(rounded(one.model_dump(mode="json", by_alias=True))) for one in ordered
    )
    write(path, f"[\n{lines}\n]\n".encode())


def rounded(value: JsonValue) -> JsonValue:
    """Four decimals, everywhere in an entry."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(value, DIGITS) if isinstance(value, float) else value
