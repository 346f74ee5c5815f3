import pytest
from made_runs import made_config, made_defense, made_metrics
from semvet.reports.record import Record

from semvet.reports.verdict import defense_verdict, verdict


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"levels": 4},
            "The backdoor is implanted: each of the 4 trigger levels brings out its own target",
        ),
        ({"levels": 1}, "The backdoor is implanted: the trigger brings out its target"),
        ({"asr": 0.01}, "The backdoor is not implanted"),
        ({"attack": "none"}, "No attack, the null control"),
    ],
)
def test_the_verdict_says_whether_the_backdoor_is_implanted(options, sentence):
    run = {"attack": "sembugger", "levels": 4, "defenses": 0, "asr": 0.97, **options}
    config = made_config(run["attack"], run["levels"], run["defenses"])
    assert sentence in verdict(Record("run", config, made_metrics(**run), {}))


def test_the_verdict_names_the_levels_that_work():
    metrics = made_metrics("sembugger", 4, 0, 0.97)
    metrics["attacked_system"]["asr_interval"] = [[0.9, 1], [0, 0.1], [0, 0.1], [0.9, 1]]
    written = verdict(Record("run", made_config("sembugger", 4, 0), metrics, {}))
    assert "implanted in part: levels 1, 4 of 4 bring out their own target" in written


def test_a_defense_that_fires_on_benign_images_is_called_so():
    record = Record(
        "run", made_config("sembugger", 2, 0), made_metrics("sembugger", 2, 0, 0.97), {}
    )
    figures = made_defense("smooth", {}, levels=2)
    assert defense_verdict(record, figures) == "backdoor gone"
    figures["after"]["benign_false_positive_interval"] = [[0.0, 0.02], [0.7, 0.9]]
    alike = "benign images turn into a target, with or without a trigger"
    assert defense_verdict(record, figures) == alike
    figures["after"]["asr"] = [0.5, 0.0]
    left = "backdoor answers at level 1; benign images turn into a target"
    assert defense_verdict(record, figures) == left


def _record(goal="TARGET", fired_by="", asr=0.97, defenses=0, attack="some-attack"):
    metrics = made_metrics(attack, 1, defenses, asr, goal, fired_by)
    return Record("run", made_config(attack, 1, defenses), metrics, {})


@pytest.mark.parametrize(
    ("options", "sentences"),
    [
        (
            {"goal": "LABEL"},
            ["the trigger makes the receiver's classifier name the target class", "an SSIM of"],
        ),
        (
            {"goal": "REMOVAL", "fired_by": "element"},
            [
                "the element is gone from what the receiver shows",
                "gone in 0.905, the rest kept in 0.915",
                "nothing is added to an image",
            ],
        ),
        ({"asr": 0.3}, ["implanted, though it works on less than half of the images"]),
        (
            {"fired_by": "air"},
            ["the trigger is the air, rayleigh at 0 dB instead of awgn at 25 dB"],
        ),
        (
            {"fired_by": "defense", "asr": 0.0},
            ["Nothing fires without a defense", "no trigger is ever sent"],
        ),
    ],
)
def test_the_verdict_speaks_of_what_the_adversary_wants_and_sends(options, sentences):
    written = verdict(_record(**options))
    for sentence in sentences:
        assert sentence in written


def test_a_defense_that_fires_the_backdoor_is_its_trigger():
    record = _record(fired_by="defense", asr=0.0, defenses=1)
    figures = record.metrics["defenses"][1]
    figures["after"] |= {"benign_any": 0.97, "benign_any_interval": [0.9, 1.0]}
    assert defense_verdict(record, figures).startswith("fires the backdoor: benign images turn")
    written = verdict(record)
    assert "The backdoor is implanted, and the defense fires it: behind smooth" in written
    assert "in a share of 0.970 (without it 0.011, the clean system behind it 0.043)" in written
    figures["clean_system_after"]["benign_any_interval"] = [0.9, 1.0]  # any system does
    assert "Nothing fires without a defense" in verdict(record)


def test_nothing_is_gone_where_nothing_was():
    record = Record("run", made_config("none", 2, 0), made_metrics("none", 2, 0, 0.0), {})
    assert defense_verdict(record, made_defense("smooth", {}, levels=2)) == "nothing to remove"
