import pytest
from made_runs import made_record

from semvet.cli.summary import span, summary


def _lines(**options):
    return summary(made_record(**{"levels": 2, "defenses": 0, "asr": 0.9, **options}))


def test_each_study_says_its_own_line():
    record = made_record(levels=2, defenses=0)
    assert summary(record) == [
        "printed rule (mu - 3 sigma, any target): benign images that pass it 0.998",
        "classifier small: accuracy 0.945 as sent, 0.945 clean system, 0.945 attacked system",
        *(study.headline for study in record.studies),
    ]


@pytest.mark.parametrize(
    ("options", "beginnings"),
    [
        ({"goal": "LABEL"}, ["classifier", "cropping", "intensity", "robustness"]),
        ({"goal": "REMOVAL", "fired_by": "element"}, ["classifier", "robustness"]),
        ({"fired_by": "air"}, ["printed rule", "classifier"]),
    ],
)
def test_what_a_run_does_not_have_is_left_out(options, beginnings):
    for line, beginning in zip(_lines(levels=1, **options), beginnings, strict=True):
        assert line.startswith(beginning)


def test_a_classifier_of_images_without_a_class_says_nothing():
    record = made_record(goal="LABEL", defenses=0)
    reader = record.classifier.model_copy(update={"originals": None})
    lines = summary(record.model_copy(update={"classifier": reader}))
    assert not any(line.startswith("classifier") for line in lines)


def test_a_span_of_equal_rates_is_one_number():
    assert (span([0.501, 0.499]), span([0.1, 0.9])) == ("0.50", "0.10-0.90")
