import pytest
import torch
from known_links import SIGMA, D, Linear, X, generators, most_failures

from semvet.certificates.median import Histogram, median_reach
from semvet.certificates.sampling import samples
from semvet.randomness import stream

ALPHA, REPEATS, GREY = 0.2, 200, 1 / 255


def collected(link, *, n, rng):
    copies = Histogram(X)
    for y in samples(link, X, sigma=SIGMA, n=n, rng=rng):
        copies.add(y)
    return copies


def test_the_histogram_holds_every_order_statistic():
    copies = Histogram(X)
    y = torch.rand(300, 1, 2, 2, generator=stream(0, "copies"))
    for part in y.split(70):
        copies.add(part)
    ordered = (y.flatten(1) * 255).round().sort(dim=0).values / 255
    for rank in (1, 2, 150, 300):
        assert copies.ordered(rank).tolist() == pytest.approx(ordered[rank - 1].tolist())


@pytest.mark.parametrize("a", [0.0, 1.0])
def test_percentiles_fail_at_most_as_often_as_alpha_allows(a):
    slope, failures = 0.5, 0
    up = 0.5 + slope * SIGMA * a  # M_i(X + r e_i): the bound is attained
    up, down = (round(v * 255) / 255 for v in (up, 1 - up))
    for rng in generators(REPEATS):
        there = median_reach(collected(Linear([slope] * D), n=200, rng=rng), a, ALPHA)
        low, high = there.low.max().item(), there.high.min().item()
        failures += low > down + 1e-9 or high < up - 1e-9
    assert failures <= most_failures(REPEATS, ALPHA)
    assert failures > 0  # and the bound is not needlessly wide


def test_many_copies_find_the_percentiles():
    slope, a = 0.5, 2.0
    there = median_reach(collected(Linear([slope] * D), n=100_000, rng=stream(0, "c")), a, 0.001)
    move = slope * SIGMA * a
    assert there.high.tolist() == pytest.approx([0.5 + move] * D, abs=2 * GREY)
    assert there.low.tolist() == pytest.approx([0.5 - move] * D, abs=2 * GREY)


def test_too_few_copies_for_a_radius_abstain():
    copies = collected(Linear([0.5] * D), n=100, rng=stream(0, "c"))
    assert median_reach(copies, 1.0, 0.001) is not None
    assert median_reach(copies, 3.0, 0.001) is None
