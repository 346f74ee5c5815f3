"""The reading half of the Python face, on made runs."""

import pytest
from made_runs import made_run

import semvet as sv
from semvet import api
from semvet.errors import StoreError


def test_a_run_is_loaded_by_folder_name_id_or_as_the_latest(tmp_path):
    folder = made_run(tmp_path, levels=2, defenses=1)
    for name in (folder.path, folder.path.name, folder.id, "latest"):
        result = sv.load(name, runs=tmp_path)
        assert result.record.id == folder.id
    assert result.verdict.startswith("The backdoor is implanted")
    assert [outcome for _, outcome in result.defenses][1:] == [
        "benign images turn into a target, with or without a trigger"
    ]


def test_arrays_are_read_when_they_are_asked_for(tmp_path):
    folder = made_run(tmp_path, levels=2, defenses=1)
    (folder.path / "evaluation.safetensors").rename(tmp_path / "elsewhere")
    result = sv.load("latest", runs=tmp_path)
    with pytest.raises(StoreError):
        _ = result.arrays
    (tmp_path / "elsewhere").rename(folder.path / "evaluation.safetensors")
    assert result.arrays["triggered"].shape[0] == 2


def test_what_cannot_be_loaded_is_an_error_at_once(tmp_path):
    folder = made_run(tmp_path)
    (folder.path / "manifest.json").unlink()
    with pytest.raises(StoreError, match="earlier semvet"):
        sv.load(folder.path, runs=tmp_path)


def test_a_table_of_results_records_and_names(tmp_path):
    folders = [made_run(tmp_path, levels=1, defenses=0, seed=seed) for seed in (0, 1)]
    one = sv.load(folders[0].path)
    for runs in ([one, folders[1].path], [one.record, str(folders[1].path)]):
        assert len(sv.frame(runs)) == 2
    assert len(one.frame()) == 1


def test_a_folder_that_cannot_be_read_stops_no_listing(tmp_path):
    good = made_run(tmp_path, attack="bass", defenses=0)
    bad = made_run(tmp_path, attack="ihtg", defenses=0)
    (bad.path / "metrics.json").write_text("[]")
    told = []
    (record,) = api.finished(tmp_path, skipped=told.append)
    assert record.id == good.id
    assert len(told) == 1
    assert str(bad.path) in told[0]
