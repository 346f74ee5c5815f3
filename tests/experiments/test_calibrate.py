"""Curves of one epoch, and the table and pictures that are made of them."""

import pytest

from experiments import calibrate, calibration_table
from experiments.records.calibration import RATIOS, SNRS_DB, read_curves, read_point


@pytest.fixture
def small(monkeypatch):
    """Less than the smallest setting."""
    monkeypatch.setattr(calibrate, "QUICK", {"epochs": 1, "images": 300, "tested": 20, "batch": 64})


@pytest.mark.usefixtures("small")
def test_curves_a_point_and_their_pictures(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(calibrate.EQUAL_SIZE, "jscc", {"width": 4})
    figures, pictures = tmp_path / "figures", tmp_path / "pictures"
    calibrate.main(["jscc", "separate", "--quick", "--out", str(figures)])
    out = capsys.readouterr().out
    assert "published jscc" in out
    found = read_curves(figures)
    assert list(found) == ["jscc", "separate"]
    assert read_point(figures) is None
    for curves in found.values():
        assert [curve.args["bandwidth_ratio"] for curve in curves] == list(RATIOS)
        for curve in curves:
            assert tuple(point.snr_db for point in curve.points) == SNRS_DB
            assert {point.n for point in curve.points} == {20}
    separate = found["separate"][1].psnr_db
    assert separate == sorted(separate)  # a better channel, a larger file

    calibration_table.main(["--results", str(figures), "--out", str(pictures)])
    assert sorted(path.name for path in pictures.iterdir()) == ["jscc.png", "separate.png"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--quick"], "--quick needs --out FOLDER"),
        (["jsc"], "no system jsc; there are jscc, jscc-f"),
    ],
)
def test_what_would_be_wrong_is_said_before_data_are_read(words, says, capsys, runs):
    with pytest.raises(SystemExit) as ended:
        calibrate.main(words)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
    assert not runs.exists()


def test_the_pictures_in_the_docs_are_of_the_figures_in_results(tmp_path, capsys):
    calibration_table.main(["--out", str(tmp_path)])
    shown = capsys.readouterr().out
    assert "28.34 dB, -1.36 dB to the table (accepted: -2.6 to -0.2): yes" in shown
    names = {path.name for path in calibration_table.PICTURES.glob("*.png")}
    assert {path.name for path in tmp_path.iterdir()} == names
