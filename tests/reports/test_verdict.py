import pytest
from made_runs import made_defense, made_rate, made_record

from semvet.both import Both
from semvet.records import DefenseRecord, Level, RunRecord
from semvet.reports.reading import Reading
from semvet.reports.verdict import defense_verdict, verdict


def with_levels(record: RunRecord, *, asr) -> RunRecord:
    """The attacked system with these intervals of ASR, level by level."""
    attacked = record.systems.attacked
    levels = tuple(
        level.model_copy(update={"asr": made_rate(sum(interval) / 2, *interval)})
        for level, interval in zip(attacked.levels, asr, strict=True)
    )
    changed = Both(
        clean=record.systems.clean, attacked=attacked.model_copy(update={"levels": levels})
    )
    return record.model_copy(update={"systems": changed})


def behind(one: DefenseRecord, *, system: str = "attacked", **changes) -> DefenseRecord:
    """The same defense with other figures of a system behind it."""
    figures = {"clean": one.after.clean, "attacked": one.after.attacked}
    figures[system] = figures[system].model_copy(update=changes)
    return one.model_copy(update={"after": Both(**figures)})


def levels_of(one: DefenseRecord, *changes) -> tuple[Level, ...]:
    """Of the attacked system behind it, each with its own change."""
    both = zip(one.after.attacked.levels, changes, strict=True)
    return tuple(level.model_copy(update=change) for level, change in both)


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
    assert sentence in verdict(Reading(made_record(defenses=0, **options)))


def test_the_verdict_names_the_levels_that_work():
    asr = [(0.9, 1.0), (0.0, 0.1), (0.0, 0.1), (0.9, 1.0)]
    written = verdict(Reading(with_levels(made_record(defenses=0), asr=asr)))
    assert "implanted in part: levels 1, 4 of 4 bring out their own target" in written


def test_figures_of_the_packaged_sample_are_called_so():
    record = made_record(defenses=0)
    assert verdict(Reading(record)).endswith("Figures are of the packaged sample.")
    whole = record.provenance.model_copy(update={"packaged_sample": False})
    assert "sample" not in verdict(Reading(record.model_copy(update={"provenance": whole})))


def test_a_defense_that_fires_on_benign_images_is_called_so():
    reading = Reading(made_record(levels=2, defenses=0))
    one = made_defense("smooth", {}, levels=2)
    assert defense_verdict(reading, one) == "backdoor gone"
    fires = {"benign": made_rate(0.8, 0.7, 0.9)}
    misfiring = behind(one, levels=levels_of(one, {}, fires))
    alike = "benign images turn into a target, with or without a trigger"
    assert defense_verdict(reading, misfiring) == alike
    answering = behind(one, levels=levels_of(one, {"asr": made_rate(0.5, 0.4, 0.6)}, fires))
    left = "backdoor answers at level 1; benign images turn into a target"
    assert defense_verdict(reading, answering) == left


def _reading(**options) -> Reading:
    return Reading(made_record(**{"attack": "some-attack", "levels": 1, "defenses": 0, **options}))


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
    written = verdict(_reading(**options))
    for sentence in sentences:
        assert sentence in written


def test_a_defense_that_fires_the_backdoor_is_its_trigger():
    record = _reading(fired_by="defense", asr=0.0, defenses=1).record
    none, one = record.defenses
    one = behind(one, benign_any=made_rate(0.97, 0.9, 1.0))
    reading = Reading(record.model_copy(update={"defenses": (none, one)}))
    assert defense_verdict(reading, one).startswith("fires the backdoor: benign images turn")
    written = verdict(reading)
    assert "The backdoor is implanted, and the defense fires it: behind smooth" in written
    assert "in a share of 0.970 (without it 0.011, the clean system behind it 0.043)" in written
    any_system = behind(one, system="clean", benign_any=made_rate(0.97, 0.9, 1.0))
    reading = Reading(record.model_copy(update={"defenses": (none, any_system)}))
    assert "Nothing fires without a defense" in verdict(reading)


def test_nothing_is_gone_where_nothing_was():
    reading = Reading(made_record(attack="none", levels=2, defenses=0, asr=0.0))
    found = defense_verdict(reading, made_defense("smooth", {}, levels=2))
    assert found == "nothing to remove"
