from importlib.metadata import version

import pytest
from support import python

from semvet.config import make_run
from semvet.config.presets import preset, preset_names
from semvet.config.renamed import KEYS, PRESETS, Renamed, with_current_keys
from semvet.errors import ConfigError

RATE = {"training.rate": Renamed("learning_rate", goes="9.0")}
BOUND = {"sembugger.most": Renamed("bound", goes="9.0")}
WHOLE = {"plan": Renamed("training", goes="9.0")}


@pytest.mark.parametrize("old", PRESETS)
def test_an_old_preset_is_the_new_one_with_a_warning(old):
    now = PRESETS[old].now
    with pytest.warns(FutureWarning, match=f"'{old}' is called '{now}' now; .* goes in semvet 0"):
        assert preset(old) == preset(now)
    assert old not in preset_names()


def test_an_old_preset_may_be_what_a_document_is_like(monkeypatch, tmp_path):
    (tmp_path / "mine.yaml").write_text("like: quick\nseed: 3\n")
    monkeypatch.setattr("semvet.config.presets.files", lambda _: tmp_path)
    (tmp_path / "mnist-sample.yaml").write_text("snr_db: 7\n")
    with pytest.warns(FutureWarning, match="'quick' is called 'mnist-sample' now"):
        assert preset("mine") == {"snr_db": 7, "seed": 3}


def test_the_command_line_says_so_in_one_line():
    done = python("-m", "semvet", "run", "quick", "snr_db=loud")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (
        "warning: the preset 'quick' is called 'mnist-sample' now; the old name goes in semvet 0.2"
    )
    assert "snr_db: 'loud' is not allowed" in done.stderr


def test_an_old_key_of_a_section_is_the_new_one():
    document = {"training": {"rate": 1e-3}, "attack": "bass"}
    with pytest.warns(FutureWarning, match=r"the key 'training\.rate' is called 'learning_rate'"):
        assert with_current_keys(document, RATE) == {
            "training": {"learning_rate": 1e-3},
            "attack": "bass",
        }
    assert document["training"] == {"rate": 1e-3}


def test_an_old_key_of_the_top_level_keeps_what_is_below_it():
    with pytest.warns(FutureWarning, match="the key 'plan' is called 'training'"):
        assert with_current_keys({"plan": {"epochs": 3}}, WHOLE) == {"training": {"epochs": 3}}


def test_an_old_argument_of_a_plug_in_is_found_wherever_the_plug_in_stands():
    document = {
        "attack": {"name": "aware", "base": {"name": "sembugger", "most": 0.2}},
        "defense": [{"name": "threshold", "most": 1}],
    }
    with pytest.warns(FutureWarning, match=r"the key 'sembugger\.most' is called 'bound' now"):
        found = with_current_keys(document, BOUND)
    assert found["attack"]["base"] == {"name": "sembugger", "bound": 0.2}
    assert found["defense"] == document["defense"]


def test_both_names_at_once_are_refused():
    with pytest.raises(ConfigError, match=r"training\.rate: its new name 'learning_rate' is given"):
        with_current_keys({"training": {"rate": 1, "learning_rate": 1}}, RATE)


def test_a_run_takes_the_old_keys(monkeypatch):
    monkeypatch.setitem(KEYS, "training.rate", RATE["training.rate"])
    with pytest.warns(FutureWarning, match=r"training\.rate"):
        assert make_run({"training": {"rate": 1e-3}}).training.learning_rate == 1e-3


def test_nothing_is_taken_longer_than_was_promised():
    def numbers(text):
        return [int(part) for part in text.split(".")[:2]]

    for renamed in (*PRESETS.values(), *KEYS.values()):
        assert numbers(version("semvet")) < numbers(renamed.goes)
