import pytest
from reports.made_runs import made_config, made_defense, made_metrics

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


def test_nothing_is_gone_where_nothing_was():
    record = Record("run", made_config("none", 2, 0), made_metrics("none", 2, 0, 0.0), {})
    assert defense_verdict(record, made_defense("smooth", {}, levels=2)) == "nothing to remove"
