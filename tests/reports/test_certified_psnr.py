"""The picture of certificates, from made-up figures."""

import json

import pytest

from semvet.reports.pictures.certified_psnr import draw_certified_psnr, write_certified_psnr

RADII = [0.05, 0.1, 0.2]


def quantiles(*values):
    return {name: [float(value) for value in values] for name in ("low", "median", "high")}


def curve(smoother, *values):
    return {"smoother": smoother, "between_db": quantiles(*values), "truth_db": quantiles(*values)}


def system(attacked=True):
    found = {"between_db": quantiles(50, 40, 30), "truth_db": quantiles(19, 18, 17)}
    return {
        "curves": {
            "total-variation": curve("mean", 20, 10, 0), "spectral": curve("mean", 30, 25, 10),
            "median": curve("median", 28, 20, 12), "center": curve("center", 9, 8, 7),
        },
        "found": {"n": 2, "mean": found, "median": found} if attacked else None,
    }  # fmt: skip


def record(systems, l2=()):
    return {
        "radii": RADII, "images": 5, "systems": systems,
        "asked": {"sigma": 0.1, "n": 1000, "alpha": 0.001},
        "trigger": {"attack": "sembugger", "l2": [list(level) for level in l2]},
    }  # fmt: skip


def texts(figure):
    drawn = [text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))]
    return " | ".join(drawn)


def test_a_row_for_each_system_and_a_tick_for_each_trigger_level():
    figure = draw_certified_psnr(
        record({"attacked": system(), "clean": system()}, l2=[(0.1, 0.1), (0.3, 0.4)])
    )
    panels = [axes for axes in figure.axes if axes.get_lines()]
    assert len(panels) == 4
    for axes in panels:
        verticals = [line for line in axes.get_lines() if len(set(line.get_xdata())) == 1]
        assert len(verticals) == 2
        assert len(axes.get_lines()) == 4 + 2 + 2  # certificates, attacks, triggers
    said = texts(figure)
    for words in ("attacked system (sembugger)", "null control", "center", "first 2", "sigma 0.1"):
        assert words in said


def test_the_attack_and_every_certificate_fit_into_the_panel():
    figure = draw_certified_psnr(record({"attacked": system()}, l2=[(2.0, 2.0)]))
    for axes in figure.axes:
        for line in axes.get_lines():
            assert axes.get_xlim()[0] <= min(line.get_xdata())
            assert max(line.get_xdata()) <= axes.get_xlim()[1]


def test_without_attack_or_trigger_only_certificates_are_drawn():
    figure = draw_certified_psnr(record({"clean": system(attacked=False)}))
    panels = [axes for axes in figure.axes if axes.get_lines()]
    assert [len(axes.get_lines()) for axes in panels] == [4, 4]
    assert "best attack found" not in texts(figure)
    assert "null control" not in texts(figure)  # nothing stands beside it


@pytest.mark.parametrize("systems", [1, 2])
def test_the_picture_depends_on_the_record_alone(tmp_path, systems):
    rows = dict(list({"attacked": system(), "clean": system()}.items())[:systems])
    path = tmp_path / "certificates-0.json"
    path.write_text(json.dumps(record(rows, l2=[(0.1, 0.2)])))
    first = write_certified_psnr(path).read_bytes()
    assert first == write_certified_psnr(path).read_bytes()
    assert first.startswith(b"\x89PNG")
