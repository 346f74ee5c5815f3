import numpy as np
import pytest
import torch
from scipy.stats import binom, binomtest
from scipy.stats import t as student

from semvet.intervals import over_seeds, rate_interval
from semvet.metrics.statistics import mean_interval, psnr_of_mean_mse, rate_lower_bound
from semvet.randomness import stream


@pytest.mark.parametrize(("won", "of"), [(0, 10), (3, 10), (10, 10), (498, 500)])
def test_rate_intervals_are_clopper_pearson(won, of):
    exact = binomtest(won, of).proportion_ci(0.95, method="exact")
    assert rate_interval(won, of) == pytest.approx((exact.low, exact.high))


def test_lower_bounds_cover_and_are_not_needlessly_wide():
    rate, trials, alpha = 0.9, 100, 0.05
    outcomes = np.arange(trials + 1)
    bounds = rate_lower_bound(torch.from_numpy(outcomes).double(), trials, alpha).numpy()
    missed = binom.pmf(outcomes, trials, rate)[bounds > rate].sum()
    assert alpha / 3 < missed <= alpha


def test_all_votes_and_no_votes_are_the_known_ends():
    bounds = rate_lower_bound(torch.tensor([0.0, 32.0]), 32, 0.001)
    assert bounds.tolist() == pytest.approx([0.0, 0.001 ** (1 / 32)])


def test_psnr_of_the_mean_mse_lies_below_the_mean_psnr():
    errors = torch.rand(1000, generator=stream(0, "mse")) * 0.01 + 1e-4
    assert psnr_of_mean_mse(errors) < float((-10 * errors.log10()).mean())


def test_the_interval_of_a_mean_shrinks_with_the_root_of_n():
    values = torch.randn(10_000, generator=stream(0, "v"))
    low, high = mean_interval(values)
    assert high - low == pytest.approx(2 * 1.96 * float(values.std()) / 100, rel=0.01)


def test_intervals_stay_within_what_is_possible():
    rare = torch.tensor([0.0] * 99 + [1.0])
    assert mean_interval(rare)[0] < 0
    assert mean_interval(rare, low=0.0, high=1.0)[0] == 0


def test_the_interval_over_seeds_is_students():
    values = [0.9, 0.95, 1.0]
    expected = student.interval(0.95, 2, loc=0.95, scale=0.05 / 3**0.5)  # SciPy's own
    found = over_seeds(values)
    assert found.mean == pytest.approx(0.95)
    assert found.interval == pytest.approx(expected)
    assert over_seeds(values, high=1.0).interval[1] == 1.0
    assert over_seeds([0.5]).interval is None
