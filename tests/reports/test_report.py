import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image
from reports.made_runs import made_run

from semvet.errors import StoreError
from semvet.reports import write_report
from semvet.store import RunFolder

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
        "0.802", "19.75", "18.64", "20.86", "x 32",  # defenses
        "0.216", "0.321", "0.050",  # certificates
        "1,076", "5,384", "135,438", "15.3 %", "150 GFLOP/s", "1,724 images/s",
        "attack.levels", "defense.1.sigma", "transmitter's training data",
    ):  # fmt: skip
        assert number in page.text, number


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
