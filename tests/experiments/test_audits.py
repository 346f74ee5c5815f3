"""Cards and audits of a finished run: a second of BASS on 300 digits."""

import pytest
from support import digits, tiny_run

import semvet as sv
from experiments import defenses, pruning
from experiments.records.cards import CARDS
from experiments.records.files import read_results
from experiments.records.pruning import read_entries
from semvet.errors import ConfigError, StoreError


@pytest.fixture
def images(tmp_path):
    return digits(tmp_path / "digits", 300)


@pytest.fixture
def bass(images):
    """A finished run, with a detector, a repair and an audit."""
    return sv.run(
        tiny_run(
            images, attack={"name": "bass", "poison_ratio": 0.2},
            defense=["none", "strip", {"name": "fine-tuning", "steps": 2}, "median-pruning"],
        )
    )  # fmt: skip


def test_a_card_has_one_line_for_each_defense(bass, tmp_path):
    out = tmp_path / "cards.json"
    defenses.main([str(out), str(bass.path), bass.id])
    card, again = read_results(out, CARDS)
    assert card == again
    record = bass.record
    assert card.attack["name"] == "bass"
    assert card.asr == tuple(record.systems.attacked.asr)
    assert card.clean_system_psnr_db == record.systems.clean.psnr_db.value
    none, strip, tuned, pruned = card.defenses
    assert none.loss_db == 0
    assert strip.detection.auroc == (record.defenses[1].detection.attacked.levels[0].auroc,)
    assert strip.auroc == strip.detection.auroc[0]
    assert tuned.findings["steps"] == 2
    assert pruned.suspicion == record.defenses[3].suspicion.attacked
    assert "ratios" not in pruned.findings  # lists stay in the run's record


def test_a_run_without_defenses_has_no_card(images, tmp_path):
    run = sv.run(tiny_run(images, defense=[]))
    with pytest.raises(StoreError, match="no defenses"):
        defenses.main([str(tmp_path / "cards.json"), str(run.path)])
    assert not (tmp_path / "cards.json").exists()


def test_the_audits_of_a_run_say_what_its_own_defense_said(bass, tmp_path, capsys):
    out = tmp_path / "pruning.json"
    pruning.main([str(bass.path), "--inversion", "--steps", "2", "--out", str(out)])
    (entry,) = read_entries(out)
    theirs = bass.record.defenses[3]
    ours = entry.pruning["sound"]["attacked"]
    assert ours.labels.flagged == pytest.approx(theirs.suspicion.attacked.flagged, abs=1e-4)
    assert ours.labels.f1 == pytest.approx(theirs.suspicion.attacked.f1, abs=1e-4)
    assert ours.findings["ratio"] == theirs.findings.attacked["ratio"]
    assert entry.pruning["sound"]["clean"].labels.poisoned == ours.labels.poisoned > 0
    assert list(entry.inversion) == ["received", "features"]
    attacked = entry.inversion["received"]["attacked"]
    assert (attacked.reference_scores, attacked.backdoor_found) == ((), None)
    assert 0 <= attacked.iou <= 1
    assert "inversion by features, attacked: found None" in capsys.readouterr().out


def test_runs_of_other_seeds_are_references(bass, images, tmp_path):
    config = bass.record.config.document()
    other = sv.run({**config, "seed": 1, "defense": []})
    out = tmp_path / "pruning.json"
    words = [str(bass.path), str(other.path), "--inversion", "--steps", "2", "--out", str(out)]
    pruning.main(words)
    first, second = read_entries(out)
    assert (first.seed, second.seed) == (0, 1)
    for one, reference in ((first, second), (second, first)):
        scores = one.inversion["received"]["attacked"].reference_scores
        assert scores == (reference.inversion["received"]["clean"].score,)


def test_a_run_of_another_attack_is_refused(images, tmp_path):
    run = sv.run(tiny_run(images))
    with pytest.raises(ConfigError, match="its attack is none; allowed: attack=bass"):
        pruning.main([str(run.path), "--out", str(tmp_path / "pruning.json")])


def test_figures_of_other_steps_never_lie_among_the_results(capsys):
    with pytest.raises(SystemExit):
        pruning.main(["latest", "--steps", "2"])
    assert "--steps needs --out FILE" in capsys.readouterr().err
