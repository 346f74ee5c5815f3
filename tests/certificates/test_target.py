import pytest
import torch
from known_links import SIGMA, HalfSpace, X, generators, most_failures

from semvet.certificates.sampling import samples
from semvet.certificates.target import Direction
from semvet.randomness import stream

ALPHA, REPEATS = 0.05, 200
ONES = torch.ones(1, 2, 2)


def direction(link, *, n, rng, target=ONES):
    first = torch.cat(list(samples(link, X, sigma=SIGMA, n=50, rng=rng)))
    one = Direction(first, target)
    for y in samples(link, X, sigma=SIGMA, n=n, rng=rng):
        one.add(y)
    return one


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_the_way_to_a_target_fails_at_most_as_often_as_alpha_allows(share):
    """A backdoor that fires for `share` of the copies: c is black, t white, g is 0 or 1."""
    link, a, failures = HalfSpace(share), 0.7, 0
    for rng in generators(REPEATS):
        failures += direction(link, n=300, rng=rng).way(a, ALPHA) < link.mean(a)
    assert failures <= most_failures(REPEATS, ALPHA)


def test_many_copies_find_the_way():
    link = HalfSpace(0.1)
    one = direction(link, n=100_000, rng=stream(0, "c"))
    for a in (0.1, 1.0, 2.0):
        way = one.way(a, 0.001)
        assert link.mean(a) <= way <= link.mean(a) + 0.03
        assert one.rmse(way) == pytest.approx(1 - way)  # |t - c| is 1 as RMSE


def test_a_target_that_is_the_usual_output_certifies_nothing():
    one = direction(HalfSpace(0.01), n=1000, rng=stream(0, "c"), target=torch.zeros(1, 2, 2))
    assert one.rmse(one.way(0.1, ALPHA)) == 0
