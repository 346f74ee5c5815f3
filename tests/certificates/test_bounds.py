import numpy as np
import pytest
import torch
from known_links import most_failures
from scipy.stats import beta, binom

from semvet.certificates.bounds import (
    lower_rank,
    mean_lower,
    mean_upper,
    rate_upper,
    smallest_copies,
    upper_rank,
)
from semvet.randomness import stream

ALPHA, REPEATS = 0.05, 4000


@pytest.mark.parametrize("share", [0.002, 0.1, 0.5, 0.9])
def test_bounds_of_a_mean_fail_at_most_as_often_as_alpha_allows(share):
    n = 500
    coins = torch.rand(REPEATS, n, generator=stream(0, "coins")) < share
    grey = 0.5 * coins + 0.25  # a mean of values that are neither 0 nor 1
    for values, truth in ((coins.double(), share), (grey.double(), 0.25 + 0.5 * share)):
        average = values.mean(dim=1)
        assert int((mean_upper(average, n, ALPHA) < truth).sum()) <= most_failures(REPEATS, ALPHA)
        assert int((mean_lower(average, n, ALPHA) > truth).sum()) <= most_failures(REPEATS, ALPHA)


def test_bounds_of_a_mean_have_the_closed_form_at_the_ends():
    none, all_ = mean_upper(torch.zeros(1), 100, ALPHA), mean_lower(torch.ones(1), 100, ALPHA)
    assert none.item() == pytest.approx(1 - ALPHA**0.01)  # (1 - q)^100 = alpha
    assert all_.item() == pytest.approx(ALPHA**0.01)
    assert mean_upper(torch.ones(1), 100, ALPHA).item() == 1
    assert mean_lower(torch.zeros(1), 100, ALPHA).item() == 0


def test_bounds_of_a_mean_beat_bernstein_and_hoeffding():
    p, n = torch.linspace(0.001, 0.2, 50, dtype=torch.float64), 1000
    t = -np.log(ALPHA)
    b = (2 * t / n) ** 0.5
    bernstein = ((b + (b * b + 4 * p).sqrt()) / 2).square()  # of section 1.6's proof, with B = 1
    upper = mean_upper(p, n, ALPHA)
    assert (upper <= bernstein).all()
    assert (upper <= p + (t / (2 * n)) ** 0.5).all()
    assert (upper > p).all()


def test_clopper_pearson_is_scipys():
    won = torch.tensor([0, 3, 99, 100])
    expected = [*beta.ppf(1 - ALPHA, won[:3].numpy() + 1, 100 - won[:3].numpy()), 1.0]
    assert rate_upper(won, 100, ALPHA).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(("n", "p"), [(87, 0.8413), (500, 0.05), (500, 0.5), (2000, 0.925)])
@pytest.mark.parametrize("alpha", [0.05, 1e-7])
def test_ranks_are_the_exact_edge(n, p, alpha):
    high, low = upper_rank(p, n, alpha), lower_rank(p, n, alpha)
    if high is None:
        assert binom.sf(n - 1, n, p) > alpha  # not even the largest copy would do
    else:
        assert binom.sf(high - 1, n, p) <= alpha < binom.sf(high - 2, n, p)
    if low is None:
        assert binom.cdf(0, n, p) > alpha
    else:
        assert binom.cdf(low - 1, n, p) <= alpha < binom.cdf(low, n, p)


def test_an_order_statistic_one_further_in_fails_too_often():
    """The off-by-one of a public implementation, on the side where it certifies too much."""
    n, p = 60, 0.05
    low = lower_rank(p, n, ALPHA)
    copies = torch.rand(REPEATS, n, generator=stream(0, "copies")).sort(dim=1).values  # q_p = p
    failures = (copies > p).sum(dim=0)  # of X_(1), X_(2) ...
    assert low == 1
    assert int(failures[low - 1]) <= most_failures(REPEATS, ALPHA)
    assert int(failures[low]) > most_failures(REPEATS, ALPHA)
    high = upper_rank(1 - p, n, ALPHA)
    short = (copies < 1 - p).sum(dim=0)
    assert int(short[high - 1]) <= most_failures(REPEATS, ALPHA) < int(short[high - 2])


def test_ranks_hold_for_laws_with_atoms():
    n, p = 200, 0.3
    copies = (torch.rand(REPEATS, n, generator=stream(0, "atoms")) > p).float().sort(dim=1).values
    low, high = lower_rank(p, n, ALPHA), upper_rank(p, n, ALPHA)  # q_p = 0: P(X <= 0) = p
    assert int((copies[:, low - 1] > 0).sum()) <= most_failures(REPEATS, ALPHA)
    assert int((copies[:, high - 1] < 0).sum()) == 0


def test_the_smallest_n_with_a_rank():
    for alpha, a, expected in ((1e-3 / 3136, 1.0, 87), (1e-3 / 3136, 2.0, 651)):  # d = 784
        p = float(torch.special.ndtr(torch.tensor(a, dtype=torch.float64)))
        n = smallest_copies(p, alpha)
        assert n == expected
        assert upper_rank(p, n, alpha) == n
        assert upper_rank(p, n - 1, alpha) is None
        assert lower_rank(1 - p, n, alpha) == 1
