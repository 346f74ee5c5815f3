import pytest
import torch
from known_links import SIGMA, HalfSpace, X, most_failures
from scipy.stats import norm

from semvet.certificates.lipschitz import theorem_1, tight
from semvet.certificates.mean import Interval, mean_interval, mean_movement, mean_reach
from semvet.certificates.sampling import samples
from semvet.certificates.total_variation import total_variation
from semvet.randomness import stream


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("a", [0.1, 1.0, 2.5])
def test_a_half_space_attains_the_bound(share, a):
    link = HalfSpace(share)
    exact = torch.tensor([share], dtype=torch.float64)
    here = Interval(exact, exact)
    there = mean_reach(here, a)
    assert there.high.item() == pytest.approx(link.mean(a))
    assert there.low.item() == pytest.approx(link.mean(-a))
    moved = max(link.mean(a) - share, share - link.mean(-a))
    assert mean_movement(here, a).item() == pytest.approx(moved)
    assert moved <= total_variation(a) + 1e-12


def test_the_bound_from_copies_is_hardly_wider_and_never_narrower():
    link, a, n = HalfSpace(0.3), 1.0, 200_000
    total = sum(y.flatten(1).double().sum(dim=0) for y in _copies(link, n))
    there = mean_reach(mean_interval(total / n, n, 0.001), a)
    assert (there.high >= link.mean(a)).all()
    assert (there.low <= link.mean(-a)).all()
    assert there.high.max().item() == pytest.approx(link.mean(a), abs=0.01)
    assert there.low.min().item() == pytest.approx(link.mean(-a), abs=0.01)


def test_the_interval_holds_all_pixels_at_once_as_often_as_alpha_allows():
    n, repeats, alpha, failures = 200, 200, 0.3, 0
    share = torch.linspace(0.02, 0.98, 60, dtype=torch.float64)  # every pixel on its own
    coins = torch.rand(repeats, n, 60, generator=stream(0, "coins")) < share
    for average in coins.double().mean(dim=1):
        here = mean_interval(average, n, alpha)
        failures += bool(((here.low > share) | (here.high < share)).any())
    assert 0 < failures <= most_failures(repeats, alpha)


def test_movement_is_the_largest_over_the_interval():
    low, high = torch.tensor([0.05, 0.2, 0.6, 0.0]), torch.tensor([0.1, 0.8, 0.7, 1.0])
    here, a = Interval(low.double(), high.double()), 0.8
    s = low + (high - low) * torch.linspace(0, 1, 10_001, dtype=torch.float64)[:, None]
    z = norm.ppf(s.numpy())
    moved = abs(norm.cdf(z + a) - s.numpy()).max(0), abs(norm.cdf(z - a) - s.numpy()).max(0)
    expected = torch.maximum(*(torch.from_numpy(side) for side in moved))
    assert mean_movement(here, a).tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_total_variation_is_attained_at_one_half_and_has_the_tight_slope():
    a = 1.2
    assert total_variation(a) == pytest.approx(norm.cdf(a / 2) - norm.cdf(-a / 2))
    half_space = HalfSpace(norm.cdf(-a / 2))
    assert half_space.mean(a) - half_space.mean(0) == pytest.approx(total_variation(a))
    r = 1e-4
    slope = total_variation(r / SIGMA) / r
    assert slope == pytest.approx(tight(SIGMA), rel=1e-6)
    assert slope > 0.51 * theorem_1(SIGMA) * 0.98  # half of the tight constant would be broken
    assert slope <= theorem_1(SIGMA)


def _copies(link, n):
    return samples(link, X, sigma=SIGMA, n=n, rng=stream(0, "copies"))
