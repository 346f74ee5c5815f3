import pytest
import torch
from known_links import SIGMA, D, Linear, X, generators, most_failures
from scipy.stats import chi2

from semvet.certificates.center import (
    Center,
    choose_center,
    rmse_distance,
    slack,
    smallest_choice,
)
from semvet.certificates.sampling import samples
from semvet.randomness import stream

ALPHA, REPEATS, SLOPE = 0.2, 200, 0.3
LINK = Linear([SLOPE] * D)


def copies(n, rng, x=X):
    return torch.cat(list(samples(LINK, x, sigma=SIGMA, n=n, rng=rng)))


def test_the_ball_holds_its_share_as_often_as_alpha_allows():
    a, failures = 0.5, 0
    for rng in generators(REPEATS):
        one = Center(copies(150, rng), rmse_distance, n=300)
        one.center = torch.full_like(X, 0.5)  # so that the law of the distance is known
        one.add(copies(300, rng))
        (three_r,) = one.reach([a], ALPHA)
        scaled = D * (three_r / 3 / (SLOPE * SIGMA)) ** 2  # a squared normal of four dimensions
        failures += chi2.cdf(scaled, D) < one._share(a, ALPHA)
    assert 0 < failures <= most_failures(REPEATS, ALPHA / 2)


def test_centers_of_two_images_are_never_farther_apart_than_certified():
    a, failures = 1.0, 0
    step = torch.full_like(X, a * SIGMA / D**0.5)
    for rng in generators(50):
        one = Center(copies(150, rng), rmse_distance, n=300)
        one.add(copies(300, rng))
        (bound,) = one.reach([a], ALPHA)
        moved = rmse_distance(choose_center(copies(150, rng, X + step), rmse_distance), one.center)
        failures += moved.item() > bound
    assert failures == 0  # 3 R has room


def test_the_center_is_a_copy_in_the_middle():
    y = torch.full((100, 1, 2, 2), 0.5)
    y[::5] = 0.9  # a fifth of the copies, candidates among them, is somewhere else
    assert choose_center(y, rmse_distance).max().item() == pytest.approx(0.5)


def test_slack_and_the_smallest_choice():
    n0 = smallest_choice(0.001)
    assert slack(n0, 0.001) < 0.5 <= slack(n0 - 1, 0.001)
    assert slack(30, 0.001) == float("inf")


def test_too_few_copies_for_a_radius_abstain():
    rng = stream(0, "c")
    one = Center(copies(150, rng), rmse_distance, n=300)
    one.add(copies(100, rng))
    near, far = one.reach([0.1, 3.0], 0.1)
    assert near is not None
    assert far is None
