import json
import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from made_runs import DEFENDED, made_radii, made_run, sealed
from PIL import Image
from support import digits, tiny_run, tiny_sembugger

from semvet.errors import StoreError
from semvet.pipeline.execute import execute
from semvet.reports.pictures.certificate import Extent, certified_beyond, draw_certificate
from semvet.reports.reading import read_reading, read_run
from semvet.reports.report import write_report
from semvet.store import RunFolder, Store

UNSEEN = {"transmissions", "robustness"}  # without a trigger in the image
SEEN = UNSEEN | {"triggers", "intensity"}
DEFENDED_TOO = {"ssim_histograms", "defenses", "certificate"}
ALL = SEEN | DEFENDED_TOO | {"intensity-confusion"}
LABEL = {"goal": "LABEL", "attack": "sc-trojan-label", "levels": 1, "defenses": 0}
REMOVAL = {"goal": "REMOVAL", "attack": "csba", "levels": 1, "fired_by": "element", "defenses": 0}
CASES = {
    "four levels, three defenses": ({}, ALL),
    "one level": ({"levels": 1, "attack": "bass"}, ALL - {"intensity-confusion"}),
    "colour images": ({"shape": (3, 16, 16)}, ALL),
    "large oblong images": ({"shape": (3, 130, 90), "levels": 2, "defenses": 1}, ALL),
    "nine levels": ({"levels": 9, "defenses": 1}, ALL),
    "many defenses": ({"levels": 2, "defenses": 9}, ALL | {"frontier"}),
    "no defense": ({"defenses": 0}, SEEN | {"ssim_histograms", "intensity-confusion"}),
    "no attack, no defense": ({"attack": "none", "defenses": 0}, UNSEEN | {"ssim_histograms"}),
    "no attack, one defense": ({"attack": "none", "defenses": 1}, UNSEEN | DEFENDED_TOO),
    "the air fires": (
        {"attack": "ct-ba", "levels": 1, "fired_by": "air", "defenses": 0},
        {"transmissions", "ssim_histograms"},
    ),
    "a defense fires": (
        {"attack": "defense-activated", "levels": 1, "fired_by": "defense", "defenses": 1},
        UNSEEN | DEFENDED_TOO,
    ),
    "a class is wanted": (LABEL, SEEN),
    "a class is wanted, one defense": (
        {**LABEL, "defenses": 1},
        SEEN | {"defenses", "certificate"},
    ),
    "a removal is wanted": (REMOVAL, UNSEEN),
    "a removal is wanted, one defense": (
        {**REMOVAL, "defenses": 1},
        UNSEEN | {"defenses", "certificate"},
    ),
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


def test_figures_of_the_studies_are_printed(page):
    for number in (
        "0.844 [0.760, 0.844]", "0.422 [0.380, 0.422]", "whole", "1/2",
        "0.987", 
        "0.9954", "0.105", "conditions differ",  # as printed
        "what strict argmax asks", "0.961", "0.252", "0.253", "0.254",  # judgements
        "0.945 [0.930, 0.960]", "54,321",  # the classifier
        "LPIPS not computed: no weights",
    ):  # fmt: skip
        assert number in page.text, number


def test_the_papers_cropping_stands_beside_its_own_setting_only(tmp_path):
    page = _page(made_run(tmp_path, attack="bass", levels=1, defenses=0))
    assert "Table VII" not in page.text


@pytest.mark.parametrize("goal", [LABEL, REMOVAL], ids=["label", "removal"])
def test_other_goals_have_no_target_image(tmp_path, goal):
    page = _page(made_run(tmp_path, **goal))
    assert not re.search(r"to target\b|target image|printed|SSIM to the target", page.text)


def test_a_removal_says_what_became_of_element_and_rest(tmp_path):
    page = _page(made_run(tmp_path, **REMOVAL))
    for said in ("24.14", "5.50", "0.905", "0.915", "the trigger is the element"):
        assert said in page.text, said


def test_air_that_fires_is_named(tmp_path):
    page = _page(made_run(tmp_path, attack="ct-ba", levels=1, fired_by="air", defenses=0))
    assert "The trigger is the air between both ends: rayleigh at 0 dB" in page.text


def test_figures_that_only_a_goal_has_are_a_table(tmp_path):
    assert "receiver's own classifier" in _page(made_run(tmp_path, **LABEL)).text


def test_a_run_of_an_earlier_version_is_named_with_the_way_out(tmp_path):
    folder = made_run(tmp_path)
    (folder.path / "metrics.json").write_text('{"clean_system": {}}')
    (folder.path / "manifest.json").unlink()
    with pytest.raises(StoreError, match=r"earlier semvet.*`semvet run .*config.yaml"):
        write_report(folder)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"surprise": 1}, "surprise"),
        ({"delta_psnr_db": {"value": float("inf"), "interval": [0, 1], "n": 1}}, "Infinity"),
        ({"systems": []}, "systems"),
        ({"name": 7}, "name"),
    ],
)
def test_a_record_that_was_changed_is_refused_with_what_and_where(tmp_path, change, where):
    folder = made_run(tmp_path)
    path = folder.path / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    sealed(folder)
    with pytest.raises(StoreError, match=rf"metrics\.json: .*{where}"):
        read_run(folder)


def test_the_certified_curve_is_exact_at_every_radius(tmp_path):
    radius = made_radii()
    axes = draw_certificate(read_reading(made_run(tmp_path, defenses=1))).axes[0]
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
    reading = read_reading(made_run(tmp_path, defenses=1))
    radius = np.full(DEFENDED, radii)
    reading.arrays["defense/1/radius"] = radius
    left, right = draw_certificate(reading).axes[0].get_xlim()
    assert 0 < left < right
    assert radii == 0 or left < radii < right
    x, y = certified_beyond(radius, Extent(left, right))
    assert (y[0], y[-1]) == (float(radii > 0), 0)
    assert len(x) == (3 if radii else 2)


def test_a_real_run_has_the_arrays_of_made_ones_and_a_report(tmp_path):
    document = tiny_run(
        digits(tmp_path / "digits"), attack=tiny_sembugger(), defense=["none", "semantic-smoothing"]
    )
    document["training"]["epochs"] = 1
    real = execute(document, Store(tmp_path / "real"), device="cpu")
    made = made_run(tmp_path, levels=2, defenses=1)
    assert made.evaluation().keys() == real.evaluation().keys()
    assert read_run(real).name == real.path.name
    page = _page(real)
    assert not re.search(r"\b(nan|None|inf|Undefined)\b", page.text)


def test_values_that_are_not_there_are_dashes(tmp_path):
    page = _page(made_run(tmp_path, attack="none", levels=1, defenses=0))
    assert "\N{EN DASH}" in page.text


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
    (folder.path / "manifest.json").unlink()
    (folder.path / "metrics.json").unlink()
    with pytest.raises(StoreError, match=r"not finished"):
        write_report(folder)


def test_reports_import_neither_torch_nor_pyplot():
    code = (
        "import sys, semvet.reports.report; "
        "sys.exit(bool({'torch', 'matplotlib.pyplot'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
