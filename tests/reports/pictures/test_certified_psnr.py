"""The picture of certificates, from made-up figures."""

import json

import pytest
from made_certificates import made_certificates, made_system

from semvet.errors import StoreError
from semvet.reports.certificates import read_certificate
from semvet.reports.pictures.certified_psnr import draw_certified_psnr, write_certified_psnr


def texts(figure):
    drawn = [text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text"))]
    return " | ".join(drawn)


def test_a_row_for_each_system_and_a_tick_for_each_trigger_level():
    figure = draw_certified_psnr(
        made_certificates(
            {"attacked": made_system(), "clean": made_system()}, l2=[(0.1, 0.1), (0.3, 0.4)]
        )
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
    figure = draw_certified_psnr(made_certificates({"attacked": made_system()}, l2=[(2.0, 2.0)]))
    for axes in figure.axes:
        for line in axes.get_lines():
            assert axes.get_xlim()[0] <= min(line.get_xdata())
            assert max(line.get_xdata()) <= axes.get_xlim()[1]


def test_without_attack_or_trigger_only_certificates_are_drawn():
    figure = draw_certified_psnr(made_certificates({"clean": made_system(attacked=False)}))
    panels = [axes for axes in figure.axes if axes.get_lines()]
    assert [len(axes.get_lines()) for axes in panels] == [4, 4]
    assert "best attack found" not in texts(figure)
    assert "null control" not in texts(figure)  # nothing stands beside it


@pytest.mark.parametrize("systems", [1, 2])
def test_the_picture_depends_on_the_record_alone(tmp_path, systems):
    rows = dict(list({"attacked": made_system(), "clean": made_system()}.items())[:systems])
    path = tmp_path / "certificates-0.json"
    path.write_text(made_certificates(rows, l2=[(0.1, 0.2)]).model_dump_json())
    first = write_certified_psnr(path).read_bytes()
    assert first == write_certified_psnr(path).read_bytes()
    assert first.startswith(b"\x89PNG")


@pytest.mark.parametrize("change", [{"layout": 2}, {"surprise": 1}, {"radii": "none"}])
def test_a_record_that_was_changed_is_refused_with_the_way_out(tmp_path, change):
    path, record = tmp_path / "certificates-0.json", made_certificates({"clean": made_system()})
    path.write_text(json.dumps(record.model_dump(mode="json") | change))
    with pytest.raises(StoreError, match=rf"{next(iter(change))}.*delete it and certify again"):
        read_certificate(path)
