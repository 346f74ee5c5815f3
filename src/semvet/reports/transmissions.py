"""What the receiver gets: sent / clean system / attacked system / each trigger / each defense."""

from matplotlib.figure import Figure

from semvet.reports.image_grid import Row, draw_grid
from semvet.reports.numbers import db, rate
from semvet.reports.record import DefenseRecord, Record


def draw_transmissions(record: Record) -> Figure:
    rows = [*_benign(record), *_triggered(record)]
    for defense in record.defenses:
        rows += _defended(record, defense)
    return draw_grid(rows, aside_title="target" if record.has_attack else "")


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
    """Nothing for the null control, whose triggers are the images themselves."""
    if not record.has_attack:
        return []
    attacked = record.metrics["attacked_system"]
    rows = []
    for k in record.levels:
        note = (
            f"ASR {rate(attacked['asr'][k - 1])}, "
            f"{db(attacked['psnr_to_target_db'][k - 1])} dB to target"
        )
        rows.append(
            Row(
                record.trigger_name(k),
                note,
                record.arrays["received_triggered"][k - 1],
                aside=record.arrays["targets"][k - 1],
                heading="Received by the attacked system, with the trigger" if k == 1 else "",
            )
        )
    return rows


def _defended(record: Record, defense: DefenseRecord) -> list[Row]:
    figures, strongest = defense.figures, record.levels[-1]
    name = f"defense/{defense.index}"
    rows = []
    if record.has_attack:
        note = (
            f"ASR {rate(figures['after']['asr'][-1])}, "
            f"PSNR to original {db(figures['recovered_psnr_db'][-1])} dB"
        )
        rows.append(
            Row(
                record.trigger_name(strongest),
                note,
                record.arrays[f"{name}/received_triggered"][-1],
                aside=record.arrays["targets"][-1],
                heading=f"Behind {defense.label}",
            )
        )
    note = (
        f"PSNR {db(figures['after']['psnr_db'])} dB, "
        f"hits a target: {rate(figures['benign_hit_rate'])}"
    )
    heading = "" if rows else f"Behind {defense.label}"
    return [*rows, Row("benign", note, record.arrays[f"{name}/received"], heading=heading)]
