"""What a run says of goals that are no target image."""

import pytest
from support import digits, tiny_run

from semvet.pipeline.execute import execute
from semvet.store import Store

SCENES = {
    "data": {"name": "scenes", "source": "sample", "size": 16, "count": 250, "test_count": 60},
    "system": {"name": "jscc", "width": 4},
    "training": {"epochs": 1, "batch": 32},
    "evaluation": {"images": 40, "draws": 1, "defended_images": 10, "alpha": 0.1},
}


@pytest.fixture(scope="module")
def removal(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("runs"))
    return execute({**SCENES, "attack": "csba"}, store, device="cpu").record


def test_scenes_with_the_element_are_attacked_and_those_without_are_benign(removal):
    for system in (removal.systems.clean, removal.systems.attacked):
        assert (system.n, system.n_triggered) == (30, 30)
        assert system.benign_any.value == 0
    assert removal.judge.rule == "removal"
    assert removal.attack.goal.name == "removal"
    assert not removal.attack.goal.words.benign_can_hit


def test_the_figures_of_both_systems_are_recorded(removal):
    table = removal.attack.goal.details
    assert table.column("system").values == ("attacked", "clean")
    for key in ("region_psnr_db", "rest_psnr_db"):
        assert all(0 < value < 100 for value in table.column(key).values)
    assert table.column("rest_kept").values[1] == 1


def test_a_hit_is_a_removed_element_and_a_kept_rest(removal):
    table = removal.attack.goal.details
    pairs = zip(*(table.column(k).values for k in ("region_removed", "rest_kept")), strict=True)
    for (_, system), (removed, kept) in zip(removal.systems.items(), pairs, strict=True):
        (asr,) = system.asr
        assert removed + kept - 1 <= asr + 1e-9
        assert asr <= min(removed, kept)
    assert removal.attack.goal.facts.startswith(f"ASR {removal.systems.attacked.asr[0]:.3f}: the ")


def test_a_target_needs_no_details(tmp_path):
    run = {**SCENES, "attack": "bass", "training": {"epochs": 0, "batch": 32}}
    goal = execute(run, Store(tmp_path), device="cpu").record.attack.goal
    assert (goal.name, goal.details, goal.facts) == ("target", None, None)


def test_a_run_says_what_both_classifiers_make_of_it(tmp_path, runs):
    evaluation = {"classifier": "small", "classifier_epochs": 1, "studies": []}
    run = tiny_run(digits(tmp_path / "digits"), attack="sc-trojan-label")
    run["evaluation"] = run["evaluation"] | evaluation
    found = execute(run, Store(runs)).record
    own = found.attack.goal.details
    for i, (name, system) in enumerate(found.systems.items()):  # digits other than the target class
        assert dict(found.classifier.received.items())[name].n == system.n
        assert own.column("n").values[i] == system.n
    assert found.classifier.originals.value > 0.1
    assert [one.rule for one in found.judgements] == ["label", "classifier"]
    assert found.attack.triggers[0].lpips is None or found.attack.lpips_note is None
    alone = execute(run | {"attack": "none"}, Store(runs)).record  # its classifier is there already
    assert alone.classifier.test == found.classifier.test
    assert alone.attack.goal.details is None
    assert alone.judgements[-1].rule == "classifier"  # of the target's class
