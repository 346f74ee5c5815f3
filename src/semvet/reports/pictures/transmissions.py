"""What the receiver gets: sent / clean system / attacked system / each trigger / each defense."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from semvet.reports.numbers import db, rate
from semvet.reports.pictures.image_grid import Row, draw_grid
from semvet.reports.record import DefenseRecord, Record


def draw_transmissions(record: Record) -> Figure:
    rows = [*_benign(record), *_triggered(record)]
    for defense in record.at_work:
        rows += _defended(record, defense)
    shown = record.has_attack and record.words.has_image
    return draw_grid(rows, aside_title=record.words.wanted if shown else "")


def _benign(record: Record) -> list[Row]:
    metrics, arrays = record.metrics, record.arrays
    clean, attacked = metrics["clean_system"], metrics["attacked_system"]
    rows = [
        Row("sent", "benign test images", arrays["sent"]),
        Row(
            "received, clean system",
            f"PSNR {db(clean['psnr_db'])} dB",
            arrays["received_clean_system"],
        ),
    ]
    if record.has_attack:
        note = f"PSNR {db(attacked['psnr_db'])} dB"
        rows.append(Row("received, attacked system", note, arrays["received"]))
    return rows


def _triggered(record: Record) -> list[Row]:
    """Nothing where no trigger is ever sent. Last, the strongest one through the clean system."""
    if not record.has_attack or record.fired_by == "defense":
        return []
    attacked, clean = (record.metrics[f"{name}_system"] for name in ("attacked", "clean"))
    arrays, strongest = record.arrays, record.levels[-1]
    rows = _scenes(record)
    for k in record.levels:
        received = arrays["received_triggered"][k - 1]
        heading = "" if rows else _heading(record)
        rows.append(
            Row(
                _name(record, k), _note(record, attacked, k), received,
                aside=_aside(record, k), heading=heading,
            )
        )  # fmt: skip
    received = arrays["received_triggered_clean_system"][-1]
    name = "the same, clean system"
    return [*rows, Row(name, _note(record, clean, strongest), received)]


def _heading(record: Record) -> str:
    if record.fired_by == "air":
        return f"Received by the attacked system over {record.trigger_air}, the trigger"
    return "Received by the attacked system, with the trigger"


def _name(record: Record, level: int) -> str:
    return "received, attacked" if record.fired_by else record.trigger_name(level)


def _scenes(record: Record) -> list[Row]:
    """What is sent and what is wanted, where the trigger is in the scene."""
    if record.goal != "REMOVAL":
        return []
    arrays = record.arrays
    return [
        Row("sent", "with the element", arrays["triggered"][-1],
            heading="Scenes that hold the element, which is the trigger"),
        Row("what the adversary wants", "the bare scene, without it", arrays["wanted"][-1]),
    ]  # fmt: skip


def _note(record: Record, system: dict[str, Any], level: int) -> str:
    psnr = db(system["psnr_to_target_db"][level - 1])
    return f"ASR {rate(system['asr'][level - 1])}, {psnr} dB to {record.words.wanted}"


def _aside(record: Record, level: int) -> np.ndarray | None:
    return record.arrays["targets"][level - 1] if record.words.has_image else None


def _defended(record: Record, defense: DefenseRecord) -> list[Row]:
    figures, strongest = defense.figures, record.levels[-1]
    name = f"defense/{defense.index}"
    rows = []
    if record.has_attack and record.fired_by != "defense":
        note = (
            f"ASR {rate(figures['after']['asr'][-1])}, "
            f"PSNR to original {db(figures['recovered_psnr_db'][-1])} dB"
        )
        rows.append(
            Row(
                _name(record, strongest), note,
                record.arrays[f"{name}/received_triggered"][-1],
                aside=_aside(record, strongest), heading=f"Behind {defense.label}",
            )
        )  # fmt: skip
    note = f"PSNR {db(figures['after']['psnr_db'])} dB"
    if record.goal == "TARGET":
        note += f", hits a target: {rate(figures['benign_hit_rate'])}"
    heading = "" if rows else f"Behind {defense.label}"
    aside = _aside(record, strongest) if record.fired_by == "defense" else None
    return [*rows, Row("benign", note, record.arrays[f"{name}/received"], aside, heading)]
