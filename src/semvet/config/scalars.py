"""An unquoted word of a configuration as a value: nothing, true, false, a number, or text.

YAML 1.1 reads more into a word than people write: 1:30 is 90, 010 is 8, no is false, 2020-01-01 is
a date and 1e3 is a text. Here a number is what a person would call one, and a word that YAML
takes for something else is refused with what to write instead.
"""

import re
import sys

Scalar = None | bool | int | float | str

MOST_DIGITS = 18  # of a whole number
SMALLEST = sys.float_info.min  # below, floats lose digits one by one
NOTHING = ("", "~", "null", "Null", "NULL")
TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
DECIMAL = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
RATIO = re.compile(r"([-+]?[0-9]{1,18}) ?/ ?([0-9]{1,18})")
MISREAD = [
    (re.compile(pattern), f"{meaning}; {way_out}")
    for pattern, meaning, way_out in [
        (r"(?i:yes|no|on|off)", "some take it for true or false", "write true or false"),
        (r"[-+]?0[0-9_]+(\.[0-9_]*)?([eE][-+]?[0-9]+)?", "some read leading zeros as base 8",
         "leave them out"),
        (r"[-+]?0([xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)", "a number to another base than 10",
         "write it to the base 10"),
        (r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?", "a number with underscores",
         "leave them out"),
        (r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", "some read it to the base 60",
         "write one number"),
        (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ] *[0-9]{1,2}:.*)?", "a date", "no key takes one"),
        (r"[-+]?\.(?i:inf|nan)", "no finite number", "write one"),
    ]
]  # fmt: skip


class MisreadError(ValueError):
    """A word that does not say what it means. The text: why, and what to write instead."""


def scalar(word: str) -> Scalar:
    """What a word means that stands without quotes. Raises MisreadError."""
    if word in NOTHING:
        return None
    if word in TRUTH:
        return TRUTH[word]
    try:
        found = number_in(word)
        if found is None:
            _refuse_misread(word)
    except MisreadError as error:
        raise MisreadError(f"{error}, or put it in quotes if it is text") from None
    return word if found is None else found


def _refuse_misread(word: str) -> None:
    for pattern, why in MISREAD:
        if pattern.fullmatch(word):
            raise MisreadError(why)


def number_in(word: str) -> int | float | None:
    """The number that the whole word is; None if it is none. Raises MisreadError: out of range."""
    if WHOLE.fullmatch(word):
        if len(word.lstrip("+-")) > MOST_DIGITS:
            raise MisreadError(f"more than {MOST_DIGITS} digits; write a smaller number")
        return int(word)
    if not DECIMAL.fullmatch(word):
        return None
    value = float(word)
    if abs(value) > sys.float_info.max:
        raise MisreadError(f"it is beyond {sys.float_info.max:.2g}; write a smaller number")
    if abs(value) < SMALLEST and re.search("[1-9]", word.lower().partition("e")[0]):
        raise MisreadError(f"it is closer to 0 than {SMALLEST:.2g}; write 0 or a larger number")
    return value


def ratio_in(word: str) -> float | None:
    """The value of a ratio such as 1/8; None if the word is none, or divides by zero."""
    found = RATIO.fullmatch(word)
    if not found or int(found[2]) == 0:
        return None
    return int(found[1]) / int(found[2])
