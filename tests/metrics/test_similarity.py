import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine as cosine_distance

from semvet.metrics.similarity import cosine, tanimoto
from semvet.metrics.visibility import energy_uniformity, l2, linf, visibility
from semvet.randomness import stream


def pair():
    rng = stream(0, "pair")
    return torch.rand(5, 1, 8, 8, generator=rng), torch.rand(5, 1, 8, 8, generator=rng)


def test_tanimoto_is_the_textbook_formula():
    a, b = (x.flatten(1).double().numpy() for x in pair())
    inner = (a * b).sum(1)
    by_hand = inner / ((a**2).sum(1) + (b**2).sum(1) - inner)
    np.testing.assert_allclose(tanimoto(*pair()).numpy(), by_hand, rtol=1e-5)


def test_cosine_agrees_with_scipy():
    a, b = (x.flatten(1).double().numpy() for x in pair())
    by_scipy = [1 - cosine_distance(x, y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(cosine(*pair()).numpy(), by_scipy, rtol=1e-5)


def test_two_black_images_are_equal():
    black = torch.zeros(2, 1, 8, 8)
    assert tanimoto(black, black).tolist() == [1.0, 1.0]


def test_norms_of_a_known_difference():
    a = torch.zeros(1, 1, 4, 4)
    b = a.clone()
    b[0, 0, 0, 0], b[0, 0, 3, 3] = 0.3, -0.4
    assert l2(a, b).item() == pytest.approx(0.5)
    assert linf(a, b).item() == pytest.approx(0.4)


def test_energy_uniformity_is_one_when_spread_and_1_over_n_when_on_one_pixel():
    a = torch.zeros(1, 1, 4, 4)
    one = a.clone()
    one[0, 0, 1, 1] = 0.2
    assert energy_uniformity(a, a + 0.2).item() == pytest.approx(1.0)
    assert energy_uniformity(a, one).item() == pytest.approx(1 / 16)
    assert energy_uniformity(a, a).item() == 0


def test_visibility_reports_every_figure_per_image():
    a, b = pair()
    figures = visibility(a.repeat(1, 1, 4, 4), b.repeat(1, 1, 4, 4))
    assert set(figures) >= {"ssim", "psnr_db", "tanimoto", "cosine", "l2", "linf"}
    assert all(values.shape == (5,) for values in figures.values())
