import pytest
from made_runs import made_metrics

from semvet.cli.summary import span, summary


def _lines(**options):
    run = {"attack": "sembugger", "levels": 2, "defenses": 0, "asr": 0.9, **options}
    return summary(made_metrics(**run))


def test_each_study_is_a_line():
    lines = _lines()
    assert lines == [
        "printed rule (mu - 3 sigma, any target): benign images that pass it 0.998",
        "classifier small: accuracy 0.945 as sent, 0.945 clean system, 0.945 attacked system",
        "cropping, strongest level: ASR 0.84 whole, 0.42 at 1/2, 0.21 at 1/4 of the image's area",
        "intensity: any outcome 1.00 at 0.5, 1.00 at 1, 1.00 at 1.5 of the strongest trigger",
        "robustness: ASR 0.50 at 0 dB, 0.50 over rayleigh",
    ]


@pytest.mark.parametrize(
    ("options", "beginnings"),
    [
        ({"goal": "LABEL"}, ["classifier", "cropping", "intensity", "robustness"]),
        (
            {"goal": "REMOVAL", "fired_by": "element"},
            ["removal: element gone in 0.905, rest kept in 0.915", "classifier", "robustness"],
        ),
        ({"fired_by": "air"}, ["printed rule", "classifier"]),
    ],
)
def test_what_a_run_does_not_have_is_left_out(options, beginnings):
    for line, beginning in zip(_lines(levels=1, **options), beginnings, strict=True):
        assert line.startswith(beginning)


def test_runs_of_early_versions_are_printed():
    assert summary({"literal": None}) == []


def test_a_span_of_equal_rates_is_one_number():
    assert (span([0.501, 0.499]), span([0.1, 0.9])) == ("0.50", "0.10-0.90")
