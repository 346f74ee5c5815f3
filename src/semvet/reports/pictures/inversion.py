"""Inverted triggers: what was found, put on images, and what is received then: BASS Fig. 6."""

import numpy as np
from matplotlib.figure import Figure

from semvet.reports.numbers import rate, short
from semvet.reports.pictures.image_grid import Row, draw_grid
from semvet.reports.record import DefenseRecord, Record

NAME = "trigger-inversion"


def inversions(record: Record) -> list[DefenseRecord]:
    return [one for one in record.defenses if one.figures["name"] == NAME]


def draw_inversion(record: Record) -> Figure | None:
    rows = [row for one in inversions(record) for row in _rows(record, one)]
    return draw_grid(rows) if rows else None


def _rows(record: Record, one: DefenseRecord) -> list[Row]:
    found = one.figures["findings"]
    own = {
        name: record.arrays[f"defense/{one.index}/own/{name}"]
        for name in ("m", "delta", "sent", "received", "reference_m")
    }
    scores = ", ".join(rate(score) for score in found["reference_scores"])
    verdict = "a backdoor" if found["backdoor_found"] else "nothing"
    written = (1 - own["m"]) * own["delta"]
    return [
        Row("sent with what was found", "training images", own["sent"],
            heading=f"{one.label}: found {verdict}"),
        Row("received", "by the deployed system", own["received"]),
        Row("what is written, (1 - m) Delta", f"lambda {short(found['lambda'])}", written[None]),
        Row("where, 1 - m", f"{rate(found['score'])} of the image", 1 - own["m"][None]),
        Row("the same, reference systems", f"{scores} of the image",
            1 - np.asarray(own["reference_m"])),
    ]  # fmt: skip
