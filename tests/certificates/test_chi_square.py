import pytest
import torch
from known_links import SIGMA, D, HalfSpace, Linear, X, generators, most_failures

from semvet.certificates.chi_square import Spread, average_rmse, chi_square_rmse
from semvet.certificates.sampling import samples
from semvet.randomness import stream

ALPHA, REPEATS = 0.05, 200


def collected(link, *, n, rng, n0=40):
    first = torch.cat(list(samples(link, X, sigma=SIGMA, n=n0, rng=rng)))
    spread = Spread(first, spectral=True)
    total = torch.zeros(D, dtype=torch.float64)
    for y in samples(link, X, sigma=SIGMA, n=n, rng=rng):
        spread.add(y)
        total += y.flatten(1).sum(dim=0)
    return spread, total / n


@pytest.mark.parametrize("share", [0.01, 0.5])  # rare: above a level that nothing had reached
def test_bounds_on_the_spread_fail_at_most_as_often_as_alpha_allows(share):
    truth = share * (1 - share)  # tr C / d of a half-space; all of it lies in one direction
    failures = {"trace": 0, "spectral": 0, "average": 0}
    for rng in generators(REPEATS):
        spread, average = collected(HalfSpace(share), n=400, rng=rng)
        failures["trace"] += spread.trace_upper(ALPHA) < truth
        failures["spectral"] += spread.spectral_upper(ALPHA) < truth
        off = float((average - share).square().mean().sqrt())
        failures["average"] += off > average_rmse(truth, 400, ALPHA)
    assert max(failures.values()) <= most_failures(REPEATS, ALPHA)


def test_a_linear_link_attains_the_spectral_bound_to_first_order():
    slopes = (0.3, 0.2, 0.1, 0.1)
    link = Linear(slopes)
    spread, _ = collected(link, n=200_000, rng=stream(0, "copies"))
    truth = (SIGMA * max(slopes)) ** 2 / D  # lambda_max(C) / d
    assert truth <= spread.spectral_upper(0.001) <= 1.1 * truth
    trace = SIGMA**2 * sum(s * s for s in slopes) / D
    assert trace <= spread.trace_upper(0.001) <= 1.1 * trace
    r = 0.005
    step = torch.zeros_like(X)
    step.view(-1)[0] = r  # along the top eigenvector
    moved = (link(X + step, rng=None) - link(X, rng=None)).square().mean().sqrt().item()
    bound = chi_square_rmse(truth, r / SIGMA)
    assert moved <= bound <= 1.001 * moved


def test_the_bound_stops_at_what_images_can_differ_by():
    assert chi_square_rmse(0.01, 3.0) == 1
    assert chi_square_rmse(0.01, 1e6) == 1
    assert chi_square_rmse(0.0, 1.0) == 0


def test_a_link_that_is_constant_has_only_the_price_of_few_copies():
    spread, _ = collected(lambda z, rng: torch.full_like(z, 0.5), n=1000, rng=stream(0, "c"))
    assert spread.trace_upper(ALPHA) == pytest.approx(0.5 * (1 - (ALPHA / 2) ** (1 / 500)))


def test_copies_without_a_partner_are_left_out():
    spread = Spread(torch.rand(9, 1, 2, 2, generator=stream(0, "first")), spectral=False)
    spread.add(torch.rand(7, 1, 2, 2, generator=stream(0, "more")))
    assert spread.pairs == 3
