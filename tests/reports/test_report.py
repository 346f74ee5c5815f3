import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from reports.made_runs import DEFENDED, made_radii, made_run
from support import digits, tiny_run, tiny_sembugger

from semvet.errors import StoreError
from semvet.reports import write_report
from semvet.reports.certificate import Extent, certified_beyond, draw_certificate
from semvet.reports.record import read_record
from semvet.stages.pipeline import execute
from semvet.store import RunFolder, Store

ALL = {"transmissions", "triggers", "ssim_histograms", "defenses", "certificate"}
CASES = {
    "four levels, three defenses": ({}, ALL),
    "one level": ({"levels": 1, "attack": "bass"}, ALL),
    "colour images": ({"shape": (3, 16, 16)}, ALL),
    "large oblong images": ({"shape": (3, 130, 90), "levels": 2, "defenses": 1}, ALL),
    "nine levels": ({"levels": 9, "defenses": 1}, ALL),
    "many defenses": ({"levels": 2, "defenses": 9}, ALL),
    "no defense": ({"defenses": 0}, {"transmissions", "triggers", "ssim_histograms"}),
    "no attack, no defense": (
        {"attack": "none", "defenses": 0},
        {"transmissions", "ssim_histograms"},
    ),
    "no attack, one defense": ({"attack": "none", "defenses": 1}, ALL - {"triggers"}),
}


class Page(HTMLParser):
    """The tags of a page, what they refer to, and whether each is closed."""

    VOID = ("meta", "img", "br", "link", "input", "hr")

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.source = text
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.references += [value for name, value in attrs if name in ("src", "href", "srcset")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Page:
    """Four levels, three defenses."""
    return _page(made_run(tmp_path_factory.mktemp("runs")))


def _page(folder: RunFolder) -> Page:
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert page.open == []
    return page


@pytest.mark.parametrize(("options", "pictures"), CASES.values(), ids=CASES.keys())
def test_a_report_is_one_small_file_with_every_picture_inside(tmp_path, options, pictures):
    folder = made_run(tmp_path, **options)
    page = _page(folder)
    assert folder.report.stat().st_size < 3e6
    drawn = {path.stem: path.read_bytes() for path in (folder.path / "pictures").glob("*.png")}
    assert drawn.keys() == pictures
    embedded = [ref for ref in page.references if not ref.startswith("#")]
    assert {b64decode(ref.removeprefix("data:image/png;base64,")) for ref in embedded} == set(
        drawn.values()
    )
    for content in drawn.values():
        with Image.open(BytesIO(content)) as image:
            image.load()
            assert min(image.size) > 100
    assert not re.search(r"\b(nan|None|inf|Undefined)\b", page.text)


def test_a_report_needs_nothing_from_outside(page):
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert not re.search(r"https?://|@import|url\(", page.source)
    anchors = {ref[1:] for ref in page.references if ref.startswith("#")}
    assert anchors == set(page.ids)


def test_key_numbers_are_printed(page):
    for number in (
        "0.970", "[0.920, 1.000]", "[0.000, 0.013]",  # ASR and benign images, with intervals
        "23.46", "24.57", "1.11", "23.06",  # PSNR and its delta
        "0.9900", "1.000 0.9900",  # SSIM and L2 of the strongest trigger
        "31.42", "0.9123", "9.87",  # to target and to the original
        "0.123", "0.998",  # the printed rule
        "[1.05, 1.17]", "[0.006, 0.019]",  # of delta PSNR and of benign images as any target
        "0.802 [0.563, 0.943] was 0.011", "19.75", "18.64", "x 32",  # defenses
        "0.037 was 0.029", "0.043 [0.021, 0.077] was 0.011", "20.86",  # the clean system, there
        "0.037 [0.000, 0.087] was 0.029",  # by level
        "0.216", "0.321", "0.150", "0.200",  # certificates
        "bf16 (self-test passed)",
        "1,076", "5,384", "135,438", "15.3 %", "150 GFLOP/s", "1,724 images/s",
        "attack.levels", "defense.1.sigma", "transmitter's training data",
    ):  # fmt: skip
        assert number in page.text, number


def test_the_certified_curve_is_exact_at_every_radius(tmp_path):
    radius = made_radii()
    axes = draw_certificate(read_record(made_run(tmp_path, defenses=1))).axes[0]
    curve = next(line for line in axes.lines if line.get_label().startswith("smooth"))
    x, y = (np.asarray(values) for values in curve.get_data())
    assert curve.get_drawstyle() == "steps-post"
    assert x[0] < radius[radius > 0].min()
    for r in np.geomspace(x[0], 0.99 * x[-1], 500):
        assert y[np.searchsorted(x, r, side="right") - 1] == np.mean(radius > r)
    assert y[0] == 0.8
    assert y[-1] == 0


@pytest.mark.parametrize("radii", [0.0, 1e-3, 5.0], ids=["none", "tiny", "beyond the triggers"])
def test_every_certified_radius_is_on_the_axis(tmp_path, radii):
    record = read_record(made_run(tmp_path, defenses=1))
    radius = np.full(DEFENDED, radii)
    record.arrays["defense/1/radius"] = radius
    left, right = draw_certificate(record).axes[0].get_xlim()
    assert 0 < left < right
    assert radii == 0 or left < radii < right
    x, y = certified_beyond(radius, Extent(left, right))
    assert (y[0], y[-1]) == (float(radii > 0), 0)
    assert len(x) == (3 if radii else 2)


def test_made_runs_have_the_shape_of_real_ones(tmp_path):
    document = tiny_run(
        digits(tmp_path / "digits"), attack=tiny_sembugger(), defense=["none", "semantic-smoothing"]
    )
    document["training"]["epochs"] = 1
    real = execute(document, Store(tmp_path / "real"), device="cpu")
    made = made_run(tmp_path, levels=2, defenses=1)
    assert _shape(made.metrics) == _shape(real.metrics)
    assert made.evaluation().keys() == real.evaluation().keys()
    _page(real)


def _shape(value):
    """The names of all figures; findings and arguments are a defense's own."""
    if isinstance(value, dict):
        own = ("findings", "args")
        return {name: name in own or _shape(inner) for name, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_shape(inner) for inner in value]
    return isinstance(value, list)


def test_values_that_are_not_there_are_dashes(page):
    assert "\N{EN DASH} MiB" in page.text


def test_text_from_a_run_is_escaped(page):
    assert "packaged &lt;sample&gt;" in page.source


def test_the_verdict_stands_in_the_report(page):
    assert "The backdoor is implanted: each of the 4 trigger levels" in page.text


def test_the_same_run_gives_the_same_bytes(tmp_path):
    folder = made_run(tmp_path, levels=1, defenses=1)
    first = write_report(folder).read_bytes()
    assert write_report(folder).read_bytes() == first


def test_an_unfinished_run_has_no_report(tmp_path):
    folder = made_run(tmp_path)
    (folder.path / "metrics.json").unlink()
    with pytest.raises(StoreError, match=r"not finished"):
        write_report(folder)


def test_reports_import_neither_torch_nor_pyplot():
    code = (
        "import sys, semvet.reports; "
        "sys.exit(bool({'torch', 'matplotlib.pyplot'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
