from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Le
from pydantic import BaseModel, Field, ValidationError, create_model

from semvet.catalog import TABLES, arguments
from semvet.config import Run, explain, make_run, readable
from semvet.errors import ConfigError
from semvet.records import Certifying

SMALL = Annotated[int, Ge(1), Le(8)]


def given(annotation: Any, value: Any) -> Any:
    model = create_model("Made", x=(readable(annotation), ...))
    return model(x=value).x


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (float, "1/8", 0.125), (float, "1e3", 1000.0), (float, 3, 3.0), (int, "64/2", 32),
        (int, 1e3, 1000), (float | None, "1/8", 0.125), (float | None, None, None),
        (SMALL | None, "4/2", 2), (tuple[SMALL, ...], ["2/1", 3], (2, 3)),
        (list[float], ["1/4"], [0.25]), (dict[str, float], {"a": "1/4"}, {"a": 0.25}),
        (Annotated[tuple[float, ...], Field(max_length=2)], ["1/4"], (0.25,)),
        (Annotated[float | None, Field(ge=0)], "1/4", 0.25), (int | str, "bass", "bass"),
        (tuple[int | None, ...] | None, [None, "2/2"], (None, 1)), (Literal[1, 3], 3, 3),
        (bool, True, True), (str, "1/8", "1/8"), (Any, "1/8", "1/8"),
    ],
)  # fmt: skip
def test_numbers_are_read_wherever_they_stand(annotation, value, expected):
    found = given(annotation, value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, True), (float, False), (int | None, True), (tuple[SMALL, ...], [True]),
        (SMALL | None, 9), (tuple[SMALL, ...], [9]), (float | None, "1/0"), (float, "1_000"),
        (int, "010"), (float, "nan"), (float, "inf"), (float, "\u0663"), (float, 1e-320),
        (float, "1e-320"), (int, 10**18), (float, 10**400), (int, "9" * 5000), (float, "1e999"),
        (float, "9" * 400 + "/3"), (bool, 1), (bool, "yes"), (bool, "true"), (bool | None, 0),
        (Literal[1, 3], True), (str, "x" * 4097), (str | None, "a\x00b"), (tuple[str, ...], ["\n"]),
    ],
)  # fmt: skip
def test_what_is_no_such_number_truth_or_text_is_refused(annotation, value):
    with pytest.raises(ValidationError):
        given(annotation, value)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"training": {"images": True}},
            r"^training\.images: True is not allowed; allowed: a whole",
        ),
        ({"training": {"images": 10**9}}, r"images: 1000000000 .* >= 64 and <= 10000000 or null"),
        ({"seed": 10**5000}, r"^seed: a number of thousands of digits is not allowed: "),
        ({"snr_db": 1e-320}, r"^snr_db: 1e-320 is not allowed: it is closer to 0 than 2\.2e-308"),
        ({"targets": {"fit": 1}}, r"^targets\.fit: 1 is not allowed; allowed: true or false"),
        ({"targets": {"folder": "a\0b"}}, r"^targets\.folder: 'a\\x00b' .* U\+0000; remove it"),
        ({"targets": {"folder": "x" * 5000}}, r"it has 5,000 characters; allowed are 4,096"),
        ({"attack": "x" * 201}, r"^attack\.name: 'x+.* is not allowed; allowed: text"),
        (
            {"evaluation": {"studies": ["cropping"] * 101}},
            r"studies: .* a list of at most 100",
        ),
    ],
)
def test_an_error_names_the_key_and_what_is_allowed(document, message):
    with pytest.raises(ConfigError, match=message):
        make_run(document)


def test_a_member_of_a_union_is_no_part_of_the_key():
    model = create_model("Made", x=(readable(tuple[SMALL | str, ...] | int), ...))
    with pytest.raises(ValidationError) as caught:
        model(x=[None])
    lines = str(explain(caught.value, where="attack", model=model)).splitlines()
    assert {line.partition(" ")[0] for line in lines} <= {"attack.x:", "attack.x.0:"}


def test_thousands_of_mistakes_are_told_in_twenty_lines():
    with pytest.raises(ConfigError) as caught:
        make_run({f"k{i}": 1 for i in range(3000)})
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "k19: and 2,980 more mistakes"


def _numbers(schema: Any, path: str) -> Any:
    """The schemas of all numbers at and below a schema."""
    if isinstance(schema, dict):
        if schema.get("type") in ("integer", "number") and not schema.keys() & {"enum", "const"}:
            yield path, schema
        for key, inner in schema.items():
            yield from _numbers(inner, f"{path}.{key}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from _numbers(inner, path)


PLUG_INS = [plug_in for table in TABLES.values() for plug_in in table.values()]


@pytest.mark.parametrize(
    "model", [Run, Certifying, *map(arguments, PLUG_INS)], ids=lambda m: m.__name__
)
def test_every_number_has_limits_that_a_person_could_still_mean(model: type[BaseModel]):
    for path, schema in _numbers(model.model_json_schema(), model.__name__):
        assert schema.keys() & {"maximum", "exclusiveMaximum"}, path
        assert schema.keys() & {"minimum", "exclusiveMinimum"}, path
