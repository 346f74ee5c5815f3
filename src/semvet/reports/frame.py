"""Figures of runs as a tidy table: one row per run, level and defense.

`defense` is "none" for the full measurement of the attacked system; names of attacks and defenses
carry the arguments that tell them apart among the runs of the table. `delta_psnr_db` is what benign
images lose against the clean system without a defense, on the same images.
"""

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from semvet.both import Both
from semvet.records import RunRecord, SystemFigures
from semvet.reports.labels import labels

if TYPE_CHECKING:
    import pandas
    import pyarrow

Value = str | int | float | None
Row = dict[str, Value]
NOTHING = "none"  # the defense that there is not


def rows(records: Sequence[RunRecord]) -> list[Row]:
    attacks = labels([(one.config.attack.name, one.config.attack.args) for one in records])
    names = iter(labels([(one.name, one.args) for run in records for one in run.defenses]))
    found: list[Row] = []
    for run, attack in zip(records, attacks, strict=True):
        head = _head(run, attack)
        delta = run.delta_psnr_db.value
        found += _levels(head | {"defense": NOTHING}, run.systems, delta)
        for one in run.defenses:
            name, before = next(names), run.undefended or run.systems
            if one.name != NOTHING:
                cost = before.clean.psnr_db.value - one.after.attacked.psnr_db.value
                found += _levels(head | {"defense": name}, one.after, cost)
    return found


def _head(run: RunRecord, attack: str) -> Row:
    config = run.config
    return {
        "run": run.id, "seed": config.seed, "data": config.data.name,
        "packaged_sample": run.provenance.packaged_sample, "system": config.system.name,
        "channel": config.channel.name, "snr_db": config.snr_db,
        "bandwidth_ratio": run.system.bandwidth_ratio, "attack": attack,
    }  # fmt: skip


def _levels(head: Row, systems: Both[SystemFigures], delta_psnr_db: float) -> Iterator[Row]:
    attacked, clean = systems.attacked, systems.clean
    both = zip(attacked.levels, clean.levels, strict=True)
    for number, (level, null) in enumerate(both, start=1):
        yield head | {
            "level": number,
            "asr": level.asr.value, "asr_low": level.asr.interval[0],
            "asr_high": level.asr.interval[1], "n": level.asr.n,
            "benign": level.benign.value, "benign_low": level.benign.interval[0],
            "benign_high": level.benign.interval[1], "n_benign": level.benign.n,
            "any_target": level.any_target, "benign_any": attacked.benign_any.value,
            "psnr_db": attacked.psnr_db.value, "psnr_low": attacked.psnr_db.interval[0],
            "psnr_high": attacked.psnr_db.interval[1], "delta_psnr_db": delta_psnr_db,
            "psnr_to_target_db": level.psnr_to_target_db, "ssim_to_target": level.ssim_to_target,
            "recovered_psnr_db": level.recovered_psnr_db,
            "clean_asr": null.asr.value, "clean_benign": null.benign.value,
            "clean_psnr_db": clean.psnr_db.value,
        }  # fmt: skip


def frame(records: Sequence[RunRecord]) -> "pandas.DataFrame | pyarrow.Table":
    """A pandas.DataFrame, or a pyarrow.Table where pandas is not installed."""
    found = rows(records)
    if find_spec("pandas") is not None:
        import pandas

        return pandas.DataFrame(found)
    import pyarrow

    return pyarrow.Table.from_pylist(found)
