import json

import pytest
from made_runs import made_record, made_run
from support import semvet

from semvet.records import DefenseMatrix
from semvet.reports.standings.defenses import matrices


def test_rows_are_defenses_and_columns_attacks_that_met_or_did_not():
    runs = [made_record(attack="bass", defenses=1), made_record(attack="ihtg", defenses=2)]
    (matrix,) = matrices(runs)
    assert sorted(matrix.attacks) == ["bass", "ihtg"]
    cells = {row.label: dict(zip(matrix.attacks, row.cells, strict=True)) for row in matrix.rows}
    first, second = (name for name in cells if name != "none")
    assert cells[second]["bass"] is None
    assert cells[first]["bass"].loss_db == pytest.approx(23.4 - 19.753)
    assert (cells["none"]["bass"].asr, cells["none"]["bass"].gone) == (0.97, False)
    assert cells[first]["bass"].gone


def test_the_command_prints_the_matrix_or_json(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMVET_RUNS", str(tmp_path))
    made_run(tmp_path, attack="bass", levels=1, defenses=1)
    status, out, _ = semvet("leaderboard", "defenses")
    assert status == 0
    assert "1  bass" in out
    assert "at most 0.01 above the benign rate" in out
    _, out, _ = semvet("leaderboard", "defenses", "--json")
    (matrix,) = (DefenseMatrix.model_validate(one) for one in json.loads(out))
    assert matrix.attacks == ("bass",)
