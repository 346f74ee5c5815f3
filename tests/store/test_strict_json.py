import json
import time

import numpy as np
import pytest

from semvet.store.strict_json import DEEPEST, DIGITS, parse


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        {"a": [1, -2.5e-300, True, 'ö\n"[[\\', None], "b": {"c": []}},
        10**DIGITS - 1,
        -(10**DIGITS) + 1,
        0.00012345678901234567,
        1.7976931348623157e308,
        5e-324,
        "\N{GRINNING FACE}",
        "[" * 1000 + '"',
    ],
)
def test_what_we_write_is_read_back(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
        assert parse(text.encode()) == value


def test_a_thousand_random_numbers_come_back_to_the_last_digit():
    numbers = np.random.default_rng(0).standard_cauchy(1000).tolist()
    assert parse(json.dumps(numbers).encode()) == numbers


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "truncated or not JSON"),
        (b'{"a": 1', "truncated or not JSON"),
        (b"{'a': 1}", "truncated or not JSON"),
        (b'{"a": 1} {}', "truncated or not JSON"),
        (b'"a\nb"', "truncated or not JSON"),
        (b"\x00", "truncated or not JSON"),
        (b'{"a": 1, "a": 1}', "a key stands twice"),
        (b'[{"x": {"a": 1, "b": 2, "a": 3}}]', "a key stands twice"),
        (b"[NaN]", "NaN is not a number"),
        (b"[-Infinity]", "-Infinity is not a number"),
        (b"[1e999]", "beyond all bounds"),
        (b"[-1E+0400]", "beyond all bounds"),
        (b"[" + b"9" * 300 + b".0e99]", "beyond all bounds"),
        (b"[" + b"9" * 400 + b".5]", "beyond all bounds"),
        (b"[" + b"9" * (DIGITS + 1) + b"]", "more than 18 digits"),
        (b"[-" + b"9" * 6000 + b"]", "more than 18 digits"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "nested more than 64 deep"),
        (b"[" * 20_000, "nested more than 64 deep"),
        (b'{"a":' * 20_000, "nested more than 64 deep"),
        (b'["\\"' + b"[" * 99 + b'",' + b"[" * 99, "nested more than 64 deep"),
        (b'"\xff"', "not UTF-8"),
        ('"ö"'.encode("utf-16"), "not UTF-8"),
        (b'["\\ud800"]', "not UTF-8"),
        (b'{"\\udc00": 1}', "not UTF-8"),
    ],
)
def test_whatever_is_not_ours_is_refused(content, why):
    with pytest.raises(ValueError, match=why):
        parse(content)


def test_the_deepest_nesting_is_read():
    assert parse(b"[" * DEEPEST + b"]" * DEEPEST) is not None


@pytest.mark.parametrize(
    "content",
    [b"[" * 10**7, b'"' * (10**7 + 1), b'"' + b"\\" * 10**7, b'{"a":' * 10**6 + b'"' * 99],
)
def test_ten_megabytes_of_nonsense_take_no_time(content):
    began = time.perf_counter()
    with pytest.raises(ValueError, match=r"truncated|nested"):
        parse(content)
    assert time.perf_counter() - began < 5
