"""What each attack claims, on packaged digits: minutes each, `make test-all` runs it."""

import pytest

from semvet import api

pytestmark = pytest.mark.slow
SMOOTHING = "{name: semantic-smoothing, sigma: 0.1, copies: 16}"
FAST = ["evaluation.draws=1", "evaluation.studies=[]", "evaluation.images=300"]


def figures(*changes):
    record = api.run("mnist-sample", *FAST, *changes).record
    assert max(record.systems.clean.asr) <= 0.03  # the null control
    assert record.delta_psnr_db.value <= 2.5
    return record


@pytest.mark.parametrize("attack", ["bass", "sc-trojan", "ihtg", "ct-ba", "frequency"])
def test_one_trigger_brings_out_one_target(attack):
    attacked = figures(f"attack={attack}").systems.attacked
    assert attacked.asr[0] >= 0.95
    assert attacked.benign[0] <= 0.03


def test_a_backdoor_trained_through_smoothing_survives_it():
    found = figures(
        f"attack={{name: aware, base: {{name: sembugger, bound: 0.2, lambda_p: 0.005}}, "
        f"against: {SMOOTHING}}}",
        f"defense=[{SMOOTHING}]",
    )
    assert min(found.defenses[0].after.attacked.asr) >= 0.8


def test_a_defense_can_be_what_fires():
    found = figures(
        f"attack={{name: defense-activated, against: {SMOOTHING}}}", f"defense=[{SMOOTHING}]"
    )
    assert found.systems.attacked.benign_any.value <= 0.03
    assert found.defenses[0].after.attacked.benign_any.value >= 0.9
    assert found.defenses[0].after.clean.benign_any.value <= 0.03


def test_a_label_flips_while_the_picture_arrives():
    attacked = figures("attack=sc-trojan-label").systems.attacked
    assert attacked.asr[0] >= 0.95
    assert attacked.levels[0].psnr_to_target_db >= 20
