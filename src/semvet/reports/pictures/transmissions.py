"""What the receiver gets: sent / clean system / attacked system / each trigger / each defense."""

import numpy as np
from matplotlib.figure import Figure

from semvet.records import SystemFigures
from semvet.reports.numbers import db, rate
from semvet.reports.pictures.image_grid import Row, draw_grid
from semvet.reports.reading import Defended, Reading


def draw_transmissions(reading: Reading) -> Figure:
    rows = [*_benign(reading), *_triggered(reading)]
    for defense in reading.at_work:
        rows += _defended(reading, defense)
    shown = reading.has_attack and reading.words.has_image
    return draw_grid(rows, aside_title=reading.words.wanted if shown else "")


def _benign(reading: Reading) -> list[Row]:
    systems, arrays = reading.record.systems, reading.arrays
    rows = [
        Row("sent", "benign test images", arrays["sent"]),
        Row(
            "received, clean system",
            f"PSNR {db(systems.clean.psnr_db.value)} dB",
            arrays["received_clean_system"],
        ),
    ]
    if reading.has_attack:
        note = f"PSNR {db(systems.attacked.psnr_db.value)} dB"
        rows.append(Row("received, attacked system", note, arrays["received"]))
    return rows


def _triggered(reading: Reading) -> list[Row]:
    """Nothing where no trigger is ever sent. Last, the strongest one through the clean system."""
    if not reading.has_attack or reading.fired_by == "defense":
        return []
    systems, arrays, strongest = reading.record.systems, reading.arrays, reading.levels[-1]
    rows = _scenes(reading)
    for k in reading.levels:
        received = arrays["received_triggered"][k - 1]
        heading = "" if rows else _heading(reading)
        rows.append(
            Row(
                _name(reading, k), _note(reading, systems.attacked, k), received,
                aside=_aside(reading, k), heading=heading,
            )
        )  # fmt: skip
    received = arrays["received_triggered_clean_system"][-1]
    name = "the same, clean system"
    return [*rows, Row(name, _note(reading, systems.clean, strongest), received)]


def _heading(reading: Reading) -> str:
    if reading.fired_by == "air":
        return f"Received by the attacked system over {reading.trigger_air}, the trigger"
    return "Received by the attacked system, with the trigger"


def _name(reading: Reading, level: int) -> str:
    return "received, attacked" if reading.fired_by else reading.trigger_name(level)


def _scenes(reading: Reading) -> list[Row]:
    """What is sent and what is wanted, where the trigger is in the scene."""
    if reading.words.benign_can_hit:
        return []
    arrays = reading.arrays
    return [
        Row("sent", "with the element", arrays["triggered"][-1],
            heading="Scenes that hold the element, which is the trigger"),
        Row("what the adversary wants", "the bare scene, without it", arrays["wanted"][-1]),
    ]  # fmt: skip


def _note(reading: Reading, system: SystemFigures, level: int) -> str:
    found = system.levels[level - 1]
    psnr = db(found.psnr_to_target_db)
    return f"ASR {rate(found.asr.value)}, {psnr} dB to {reading.words.wanted}"


def _aside(reading: Reading, level: int) -> np.ndarray | None:
    return reading.arrays["targets"][level - 1] if reading.words.has_image else None


def _defended(reading: Reading, defense: Defended) -> list[Row]:
    after, strongest = defense.record.after.attacked, reading.levels[-1]
    name = f"defense/{defense.index}"
    rows = []
    if reading.has_attack and reading.fired_by != "defense":
        note = (
            f"ASR {rate(after.asr[-1])}, "
            f"PSNR to original {db(after.levels[-1].recovered_psnr_db)} dB"
        )
        rows.append(
            Row(
                _name(reading, strongest), note,
                reading.arrays[f"{name}/received_triggered"][-1],
                aside=_aside(reading, strongest), heading=f"Behind {defense.label}",
            )
        )  # fmt: skip
    note = f"PSNR {db(after.psnr_db.value)} dB"
    if reading.words.has_image:
        note += f", hits a target: {rate(after.benign_any.value)}"
    heading = "" if rows else f"Behind {defense.label}"
    aside = _aside(reading, strongest) if reading.fired_by == "defense" else None
    return [*rows, Row("benign", note, reading.arrays[f"{name}/received"], aside, heading)]
