"""Linear links: Cov f(x + e) = sigma^2 A A' is known."""

import pytest
import torch
from constructed_links import SHAPE, Linear

from semvet.defenses import View
from semvet.defenses.output_covariance import OutputCovariance, Stillness, agreement, spectrum
from semvet.defenses.statistics.asking import answers_of, score_of
from semvet.randomness import stream

SIGMA, D = 0.1, 64


def directions(rank, scale=1.0):
    """`scale` times a projection on so many random directions."""
    basis = torch.linalg.qr(torch.randn(D, rank, generator=stream(0, "basis"))).Q
    return scale * basis @ basis.T


def statistic(copies):
    return Stillness(sigma=SIGMA, copies=copies, clip=False)


def spread(copies, link, x):
    stillness = statistic(copies)
    return stillness.spread(x, answers_of(stillness, link, x, rng=stream(0, "s")))


def grey(count):
    return torch.full((count, *SHAPE), 0.5)


def test_the_statistic_is_minus_the_largest_eigenvalue():
    link = Linear(directions(1, scale=3.0))
    score = score_of(statistic(600), link, grey(2), rng=stream(0, "s"))
    assert score.tolist() == pytest.approx([-((3 * SIGMA) ** 2)] * 2, rel=0.15)


def test_the_effective_rank_counts_directions():
    y = spread(600, Linear(directions(4)), grey(1))
    largest, rank, _ = spectrum(y)
    assert rank.item() == pytest.approx(4, rel=0.15)
    assert largest.item() == pytest.approx(SIGMA**2, rel=0.15)


def test_the_top_eigenvector_is_found_and_shared_by_images_that_go_the_same_way():
    a = directions(1)
    _, _, vectors = spectrum(spread(16, Linear(a), grey(5)))
    assert torch.allclose((vectors @ a).norm(dim=1), torch.ones(5), atol=1e-4)
    assert agreement(vectors) == pytest.approx(1, abs=1e-4)
    assert agreement(torch.eye(5)) == 0
    assert agreement(torch.eye(5)[:1]) == 0


def test_an_output_that_never_changes_has_no_direction():
    link = Linear(torch.zeros(D, D))
    largest, rank, vectors = spectrum(spread(8, link, grey(2)))
    assert largest.max() < 1e-9
    assert rank.isfinite().all()
    assert not vectors.any()


def test_findings_speak_of_the_system():
    defense = OutputCovariance(sigma=SIGMA, copies=16, clip=False, looked_at=20)
    view = View(defense.vantage, Linear(directions(1)), images=grey(120))
    defended = defense.apply(view, rng=stream(0, "defense"))
    assert defended.findings["effective_rank_median"] == pytest.approx(1, abs=1e-3)
    assert defended.findings["mean_pairwise_cosine"] == pytest.approx(1, abs=1e-3)
    assert defended.findings["lambda_max_median"] == pytest.approx(SIGMA**2, rel=0.5)
    assert defended.pictures["top_directions"].shape == (20, *SHAPE)
