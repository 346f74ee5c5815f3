"""One run as one HTML file that needs nothing else: pictures and style are inside it.

config.yaml, metrics.json, evaluation.safetensors  ->  pictures/*.png, report.html
"""

from base64 import b64encode
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from semvet.reports.numbers import DASH, FILTERS
from semvet.reports.pictures.certificate import draw_certificate
from semvet.reports.pictures.confusion import draw_confusion
from semvet.reports.pictures.defense_bars import draw_defenses
from semvet.reports.pictures.frontier import FEWEST, draw_frontier, points
from semvet.reports.pictures.intensity import draw_intensity
from semvet.reports.pictures.inversion import draw_inversion, inversions
from semvet.reports.pictures.look import DPI, Draw, png
from semvet.reports.pictures.pruning import draw_pruning, prunings
from semvet.reports.pictures.robustness import draw_robustness
from semvet.reports.pictures.ssim_histograms import draw_ssim_histograms
from semvet.reports.pictures.transmissions import draw_transmissions
from semvet.reports.pictures.triggers import draw_triggers
from semvet.reports.record import Record, arguments, flat, labels, plain, read_record
from semvet.reports.sections.cropping import cropping_table
from semvet.reports.verdict import GONE, defense_verdict, fired, implanted, verdict
from semvet.store import RunFolder, write_bytes

PICTURES: dict[str, Draw] = {
    "transmissions": draw_transmissions,
    "triggers": draw_triggers,
    "ssim_histograms": draw_ssim_histograms,
    "intensity": draw_intensity,
    "confusion": draw_confusion,
    "robustness": draw_robustness,
    "frontier": draw_frontier,
    "defenses": draw_defenses,
    "inversion": draw_inversion,
    "pruning": draw_pruning,
    "certificate": draw_certificate,
}
CONTROLS = {
    "TRANSMITTER_DATA": "the transmitter's training data",
    "RECEIVER_DATA": "the receiver's training data",
    "TRAINING": "the training itself (loss and batches)",
}


def write_report(folder: RunFolder) -> Path:
    """Draws the pictures and writes the report of a finished run, over those of an earlier report.

    Raises:
        StoreError: the run is not finished, or its files are damaged or cannot be written.
    """
    record = read_record(folder)
    pictures = {}
    with folder.drawing() as place:
        for name, draw in PICTURES.items():
            content = png(draw, record)
            if content is not None:
                write_bytes(place / f"{name}.png", content)
                pictures[name] = embedded(content)
        page = environment().get_template("report.html").render(**_facts(record), pictures=pictures)
        write_bytes(folder.report, page.encode())
    return folder.report


@dataclass(frozen=True)
class Embedded:
    """A picture as an HTML page holds it, all at the same scale."""

    source: str
    width: int  # CSS pixels
    height: int


def embedded(content: bytes) -> Embedded:
    width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))  # of the PNG header
    source = f"data:image/png;base64,{b64encode(content).decode()}"
    return Embedded(source, 100 * width // DPI, 100 * height // DPI)


def environment() -> Environment:
    """Everything is escaped; a name that the template gets wrong is an error."""
    made = Environment(
        loader=FunctionLoader(_packaged), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(FILTERS, arguments=arguments, plain=plain)
    return made


def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _facts(record: Record) -> dict[str, Any]:
    metrics = record.metrics
    controls = [CONTROLS.get(name, name) for name in metrics["poison"]["controls"]]
    return {
        "dash": DASH,
        "style": Markup(_packaged("sections/report.css")),  # our own file
        "record": record,
        "config": record.config,
        "settings": flat(record.config),
        "verdict": verdict(record),
        "works": record.has_attack and bool(implanted(record) or fired(record)),
        "words": record.words,
        "gone": GONE,
        "cropping": cropping_table(record),
        "studies": metrics["studies"],
        "judgements": metrics["judgements"],
        "classifier": metrics.get("classifier"),
        "receiver_classifier": metrics.get("receiver_classifier"),
        "removal": metrics.get("removal"),
        "clean": metrics["clean_system"],
        "attacked": metrics["attacked_system"],
        "trigger": metrics["trigger"],
        "judge": metrics["judge"],
        "literal": metrics["literal"],
        "lpips_note": metrics["trigger_lpips_note"],
        "defenses": [
            (label, figures, defense_verdict(record, figures))
            for figures, label in zip(metrics["defenses"], labels(metrics["defenses"]), strict=True)
        ],
        "frontier": many if len(many := points(metrics["defenses"])) >= FEWEST else [],
        "inversions": inversions(record),
        "prunings": prunings(record),
        "controls": ", ".join(controls) or "nothing",
        "poison": metrics["poison"],
        "system": metrics["system"],
        "speed": metrics["speed"],
        "provenance": metrics["provenance"],
    }
