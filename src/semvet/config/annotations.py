"""What the types of a configuration take: numbers as people write them, and nothing by accident.

`readable` puts the same rules inside any annotation, so that an optional number, one of a list or
one of a union is read as one that stands alone.
"""

import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, Field

from semvet.config.reading import IN_TEXT, LONGEST_KEY, LONGEST_TEXT
from semvet.config.scalars import MOST_DIGITS, SMALLEST, MisreadError, number_in, ratio_in


def number(value: Any) -> Any:
    """Reads text such as "25" or "1/8"; refuses true and false, which Python counts as 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    if isinstance(value, str):
        word = value.strip()
        value = ratio_in(word) if "/" in word else number_in(word)
        if value is None:
            raise ValueError("not a number")
    if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
        raise MisreadError(f"a whole number has at most {MOST_DIGITS} digits")
    if isinstance(value, float) and 0 < abs(value) < SMALLEST:
        raise MisreadError(f"it is closer to 0 than {SMALLEST:.2g}; write 0 or a larger number")
    return value


def truth(value: Any) -> Any:
    """True and false alone: not 1, "yes" or "on"."""
    if not isinstance(value, bool):
        raise ValueError("not true or false")
    return value


def no_truth(value: Any) -> Any:
    """For a choice of numbers, among which Python would find True as 1."""
    if isinstance(value, bool):
        raise ValueError("not one of them")
    return value


def text(value: str) -> str:
    """One line that fits a path or a name."""
    if len(value) > LONGEST_TEXT:
        raise MisreadError(f"it has {len(value):,} characters; allowed are {LONGEST_TEXT:,}")
    if found := IN_TEXT.search(value):
        raise MisreadError(f"it holds the control character U+{ord(found[0]):04X}; remove it")
    return value


Whole = Annotated[int, BeforeValidator(number)]
Real = Annotated[float, BeforeValidator(number)]
Truth = Annotated[bool, BeforeValidator(truth)]
Text = Annotated[str, AfterValidator(text)]
Name = Annotated[str, AfterValidator(text), Field(max_length=LONGEST_KEY)]

RULES = {
    int: BeforeValidator(number),
    float: BeforeValidator(number),
    bool: BeforeValidator(truth),
    str: AfterValidator(text),
}


def readable(annotation: Any) -> Any:
    """The annotation with the rules above wherever a number, a truth or a text stands in it."""
    if isinstance(annotation, type) and annotation in RULES:
        return Annotated[annotation, RULES[annotation]]
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated and inner[0] in RULES:
        return Annotated[annotation, RULES[inner[0]]]  # after the limits: it comes first
    if origin is Annotated:
        return Annotated[(readable(inner[0]), *inner[1:])]
    if origin in (Union, types.UnionType):
        return Union[tuple(map(readable, inner))]  # noqa: UP007 - of a tuple
    if origin is Literal and not any(isinstance(value, bool) for value in inner):
        return Annotated[annotation, BeforeValidator(no_truth)]
    if origin in (None, Literal, Callable):
        return annotation
    return origin[tuple(map(readable, inner))]
