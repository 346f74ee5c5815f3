"""How numbers are printed: the same rounding in pictures and tables, a dash for what is not there.

Rates have 3 decimals, dB have 2, SSIM has 4. None, NaN and infinity are printed as a dash.
"""

from collections.abc import Callable, Sequence
from math import isfinite, log10

DASH = "\N{EN DASH}"
Number = float | int | None
Pair = Sequence[Number]


def decimals(value: Number, places: int) -> str:
    if value is None or not isfinite(value):
        return DASH
    text = f"{value:,.{places}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def db(value: Number) -> str:
    return decimals(value, 2)


def rate(value: Number) -> str:
    return decimals(value, 3)


def similarity(value: Number) -> str:
    return decimals(value, 4)


def count(value: Number) -> str:
    return decimals(value, 0)


def short(value: Number) -> str:
    """Three significant digits, for what has no usual scale."""
    return DASH if value is None or not isfinite(value) else f"{value:.3g}"


def percent(value: Number) -> str:
    return DASH if value is None or not isfinite(value) else f"{100 * value:.1f} %"


def printed(value: Number) -> str:
    """A rate with the four decimals that a paper prints."""
    return decimals(value, 4)


def flops(value: Number) -> str:
    """Floating-point operations per second with the prefix that fits: 1.51e11 is 151 GFLOP/s."""
    if value is None or not isfinite(value) or value <= 0:
        return DASH
    step = min(max(int(log10(value) // 3), 0), 5)
    return f"{value / 1000**step:.3g} {' kMGTP'[step].strip()}FLOP/s"


def interval(pair: Pair, write: Callable[[Number], str] = rate) -> str:
    low, high = (write(end) for end in pair)
    return f"[{low}, {high}]"


def db_interval(pair: Pair) -> str:
    return interval(pair, db)


def span(values: Sequence[Number], write: Callable[[Number], str] = rate) -> str:
    """`0.310 to 0.985`, or one number if all values read alike."""
    present = [value for value in values if value is not None and isfinite(value)]
    if not present:
        return DASH
    low, high = write(min(present)), write(max(present))
    return low if low == high else f"{low} to {high}"


def span_db(values: Sequence[Number]) -> str:
    return span(values, db)


def span_uses(values: Sequence[Number]) -> str:
    return span(values, short)


FILTERS: dict[str, Callable[..., str]] = {
    "db": db,
    "rate": rate,
    "similarity": similarity,
    "count": count,
    "short": short,
    "percent": percent,
    "printed": printed,
    "flops": flops,
    "interval": interval,
    "db_interval": db_interval,
    "span": span,
    "span_db": span_db,
    "span_uses": span_uses,
}
