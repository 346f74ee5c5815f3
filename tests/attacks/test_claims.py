"""What each attack claims, on packaged digits: minutes each, `make test-all` runs it."""

import pytest

from semvet import api

pytestmark = pytest.mark.slow
SMOOTHING = "{name: semantic-smoothing, sigma: 0.1, copies: 16}"
FAST = ["evaluation.draws=1", "evaluation.studies=[]", "evaluation.images=300"]


def figures(*changes):
    metrics = api.run("mnist-sample", *FAST, *changes).metrics
    assert max(metrics["clean_system"]["asr"]) <= 0.03  # the null control
    assert metrics["attacked_system"]["delta_psnr_db"] <= 2.5
    return metrics


@pytest.mark.parametrize("attack", ["bass", "sc-trojan", "ihtg", "ct-ba", "frequency"])
def test_one_trigger_brings_out_one_target(attack):
    attacked = figures(f"attack={attack}")["attacked_system"]
    assert attacked["asr"][0] >= 0.95
    assert attacked["benign_false_positive"][0] <= 0.03


def test_a_backdoor_trained_through_smoothing_survives_it():
    found = figures(
        f"attack={{name: aware, base: {{name: sembugger, bound: 0.2, lambda_p: 0.005}}, "
        f"against: {SMOOTHING}}}",
        f"defense=[{SMOOTHING}]",
    )
    assert min(found["defenses"][0]["after"]["asr"]) >= 0.8


def test_a_defense_can_be_what_fires():
    found = figures(
        f"attack={{name: defense-activated, against: {SMOOTHING}}}", f"defense=[{SMOOTHING}]"
    )
    assert found["attacked_system"]["benign_any"] <= 0.03
    assert found["defenses"][0]["benign_hit_rate"] >= 0.9
    assert found["defenses"][0]["clean_system_after"]["benign_any"] <= 0.03


def test_a_label_flips_while_the_picture_arrives():
    found = figures("attack=sc-trojan-label")
    assert found["attacked_system"]["asr"][0] >= 0.95
    assert found["attacked_system"]["psnr_to_target_db"][0] >= 20
