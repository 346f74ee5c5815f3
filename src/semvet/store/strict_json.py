"""JSON as we write it. What a parser would guess, forgive or choke on is refused beforehand.

Refused: nesting beyond DEEPEST, a key twice in one object, NaN, Infinity, numbers that overflow,
whole numbers of more than DIGITS digits, halves of surrogate pairs, anything but UTF-8.
"""

import json
import math
import re
from typing import Any, NoReturn

import numpy as np

DEEPEST = 64
DIGITS = 18
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
NO_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # +1 and -1 as int8
SHAPES = bytes.maketrans(b"0123456789E", b"0000000000e")  # of numbers


def parse(content: bytes) -> object:
    """Raises ValueError that says in a few words what is wrong."""
    bare = STRING.sub(b"", content)
    if _depth(bare) > DEEPEST:
        raise ValueError(f"nested more than {DEEPEST} deep")
    shapes = bare.translate(SHAPES, b"+")  # hooks for every number take longer than all the rest
    long, huge = b"0" * (DIGITS + 1) in shapes, b"e000" in shapes or b"0" * 200 in shapes
    try:
        value = json.loads(
            content.decode(),
            object_pairs_hook=_without_repeats,
            parse_int=_whole if long else None,
            parse_float=_finite if huge else None,
            parse_constant=_no_constant,
        )
        if b"\\u" in content:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise ValueError("not UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("truncated or not JSON") from None
    return value


def _depth(bare: bytes) -> int:
    """Of brackets, in a text without strings."""
    steps = np.frombuffer(bare.translate(STEPS, NO_BRACKETS), np.int8)
    return int(steps.cumsum(dtype=np.int64).max(initial=0))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _whole(text: str) -> int:
    if len(text.removeprefix("-")) > DIGITS:
        raise ValueError(f"a whole number of more than {DIGITS} digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond all bounds")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of ours")
