from semvet.reports.numbers import DASH, db, flops, interval, rate, short, similarity, span


def test_rates_have_three_decimals_and_decibels_two():
    assert (rate(0.98449), db(21.006), similarity(0.99995)) == ("0.984", "21.01", "1.0000")


def test_numbers_that_are_none_or_not_finite_are_dashes():
    assert [rate(None), db(float("nan")), short(float("inf")), flops(None)] == [DASH] * 4


def test_nothing_is_printed_as_minus_zero():
    assert (db(-0.001), rate(-0.2)) == ("0.00", "-0.200")


def test_intervals_and_spans_are_rounded_like_their_numbers():
    assert interval([0.0, 0.00368]) == "[0.000, 0.004]"
    assert span([0.3, None, 0.9]) == "0.300 to 0.900"
    assert span([0.3001, 0.3002]) == "0.300"
    assert span([None]) == DASH


def test_operations_per_second_carry_the_prefix_that_fits():
    assert (flops(150.8e9), flops(1e12), flops(12.0)) == ("151 GFLOP/s", "1 TFLOP/s", "12 FLOP/s")
