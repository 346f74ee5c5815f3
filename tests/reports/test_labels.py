from semvet.reports.labels import flat, labels


def test_defenses_of_one_name_are_told_apart_by_what_differs():
    one, two = {"sigma": 0.05, "clip": True}, {"sigma": 0.05, "clip": False}
    assert labels([("smooth", one), ("smooth", two)]) == ["smooth clip=true", "smooth clip=false"]
    assert labels([("smooth", one), ("none", {})]) == ["smooth", "none"]


def test_an_argument_that_a_namesake_does_not_have_tells_them_apart():
    assert labels([("smooth", {"sigma": 1}), ("smooth", {})]) == ["smooth sigma=1", "smooth"]


def test_parts_of_a_combination_are_named_the_innermost_first():
    parts = [{"name": "denoiser", "steps": 5}, {"name": "smooth", "sigma": 0.1}]
    named = [("combined", {"parts": parts}), ("smooth", {"sigma": 0.2})]
    assert labels(named) == ["denoiser + smooth sigma=0.1", "smooth sigma=0.2"]


def test_a_plug_in_inside_another_one_tells_apart_by_its_arguments_too():
    two, three = ({"base": {"name": "bass", "levels": levels}} for levels in (2, 3))
    four = {"base": {"name": "sembugger", "levels": 2}}
    assert labels([("aware", two), ("aware", three), ("aware", four)]) == [
        "aware base=bass base.levels=2",
        "aware base=bass base.levels=3",
        "aware base=sembugger base.levels=2",
    ]


def test_a_configuration_is_flattened_to_the_names_of_overrides():
    config = {
        "attack": {"name": "bass", "widths": [8, 16]},
        "defense": [{"name": "none"}],
        "n": None,
    }
    assert flat(config) == {
        "attack.name": "bass",
        "attack.widths": "[8, 16]",
        "defense.0.name": "none",
        "n": "null",
    }
