"""Variants of one run each, added to what is there already."""

import pytest

from experiments import sweep
from experiments.records.sweep import Variant, read_sweep


def test_variants_are_added_and_their_runs_are_found_again(tmp_path, capsys, runs):
    out = tmp_path / "sweep.json"
    sweep.main(["T = 1", "--quick", "--out", str(out)])
    shown = capsys.readouterr().out
    assert shown.startswith("| T = 1 | ")
    made = read_sweep(out)
    assert list(made) == ["T = 1"]
    (run,) = made["T = 1"].runs
    assert made["T = 1"].changes == ("attack.levels=1",)
    assert (run.seed, run.n, len(run.asr), len(run.ssim)) == (0, 50, 1, 1)
    assert 5 < run.psnr_db < 40

    other = Variant(changes=("attack.levels=2",), runs=(run,))
    out.write_text(out.read_text().replace('"T = 1"', '"T = 2"').replace("levels=1", "levels=2"))
    folders = {path.name: path.stat().st_mtime_ns for path in runs.iterdir()}
    sweep.main(["T = 1", "--quick", "--out", str(out)])
    assert capsys.readouterr().out == shown
    assert read_sweep(out) == {"T = 2": other, **made}
    assert folders == {path.name: path.stat().st_mtime_ns for path in runs.iterdir()}


def test_quick_figures_never_lie_among_the_results(capsys):
    with pytest.raises(SystemExit):
        sweep.main(["--quick"])
    assert "--quick needs --out FILE" in capsys.readouterr().err


def test_a_name_that_is_not_there_is_answered_with_those_that_are(capsys):
    with pytest.raises(SystemExit):
        sweep.main(["lambda_z"])
    err = capsys.readouterr().err
    assert "no variant is named lambda_z" in err
    assert "lambda_c .08" in err
