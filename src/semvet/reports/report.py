"""One run as one HTML file that needs nothing else: pictures and style are inside it.

config.yaml, metrics.json, evaluation.safetensors  ->  pictures/*.png, report.html
"""

from base64 import b64encode
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from semvet.records import Figure, ImageRows
from semvet.records.exhibits import Exhibit
from semvet.reports.exhibits import Named, cell, groups, of_defenses, of_studies
from semvet.reports.frontier import FEWEST, points
from semvet.reports.labels import arguments, flat, plain
from semvet.reports.numbers import DASH, FILTERS
from semvet.reports.pictures.certificate import draw_certificate
from semvet.reports.pictures.defense_bars import draw_defenses
from semvet.reports.pictures.exhibits import draw_figure, draw_image_rows
from semvet.reports.pictures.frontier import draw_frontier
from semvet.reports.pictures.look import DPI, Draw, png
from semvet.reports.pictures.ssim_histograms import draw_ssim_histograms
from semvet.reports.pictures.transmissions import draw_transmissions
from semvet.reports.pictures.triggers import draw_triggers
from semvet.reports.reading import Reading, read_reading
from semvet.reports.verdict import GONE, defense_verdict, verdict, works
from semvet.store import RunFolder, write_bytes

PICTURES: dict[str, Draw] = {
    "transmissions": draw_transmissions,
    "triggers": draw_triggers,
    "ssim_histograms": draw_ssim_histograms,
    "frontier": draw_frontier,
    "defenses": draw_defenses,
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
    reading = read_reading(folder)
    pictures = {}
    with folder.drawing() as place:
        for name, draw in drawings(reading).items():
            content = png(draw, reading)
            if content is not None:
                write_bytes(place / f"{name}.png", content)
                pictures[name] = embedded(content)
        page = environment().get_template("report.html").render(**_facts(reading, pictures))
        write_bytes(folder.report, page.encode())
    return folder.report


def drawings(reading: Reading) -> dict[str, Draw]:
    """Ours, and those of the record's exhibits."""
    shown = [*of_studies(reading), *(exhibits for _, exhibits in of_defenses(reading))]
    return PICTURES | {
        name: draw
        for exhibits in shown
        for one, name in exhibits
        if (draw := _drawing(one)) is not None
    }


def _drawing(one: Exhibit) -> Draw | None:
    match one:
        case Figure():
            return lambda reading: draw_figure(one, len(reading.levels))
        case ImageRows():
            return lambda reading: draw_image_rows(one, reading.arrays)
    return None


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
    made.globals.update(groups=groups, cell=cell)
    return made


def _packaged(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _facts(reading: Reading, pictures: dict[str, Embedded]) -> dict[str, object]:
    """Whatever templates name."""
    record = reading.record
    controls = [CONTROLS.get(name, name) for name in record.attack.poison.controls]
    every = points(reading)

    def shown(exhibits: list[Named]) -> list[tuple[Exhibit, Embedded | None]]:
        return [(one, pictures.get(name)) for one, name in exhibits]

    return {
        "dash": DASH,
        "style": Markup(_packaged("sections/report.css")),  # our own file
        "reading": reading,
        "record": record,
        "config": record.config,
        "settings": flat(record.config.document()),
        "verdict": verdict(reading),
        "works": works(reading),
        "words": reading.words,
        "gone": GONE,
        "clean": record.systems.clean,
        "attacked": record.systems.attacked,
        "undefended": reading.undefended,
        "studies": [
            (study, shown(exhibits))
            for study, exhibits in zip(record.studies, of_studies(reading), strict=True)
        ],
        "exhibits": [(label, shown(exhibits)) for label, exhibits in of_defenses(reading)],
        "defenses": [
            (one.label, one.record, defense_verdict(reading, one.record))
            for one in reading.every_defense
        ],
        "frontier": every if len(every) >= FEWEST else [],
        "controls": ", ".join(controls) or "nothing",
        "pictures": pictures,
    }
