from math import isqrt, sqrt

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from sionna.phy.mapping import Constellation as SionnaConstellation
from torch.distributions import Categorical, kl_divergence

from semvet.randomness import complex_normal, stream
from semvet.systems.symbols import assignment
from semvet.systems.symbols.assignment import nearest, quantize, soft_assignment
from semvet.systems.symbols.constellation import QAM, Learned, divergence_from_uniform, pam

SIZES = (4, 16, 64, 256)


def latent(batch=3, k=50, *, seed=0):
    return complex_normal((batch, k), rng=stream(seed, "z"))


def moved(points=16):
    """A learned alphabet away from QAM, whose points were sent unequally often."""
    alphabet = Learned(points)
    with torch.no_grad():
        alphabet.raw += 0.1 * torch.randn(points, 2, generator=stream(0, "points"))
    alphabet.settle(alphabet.observe(0.5 * latent(8, 200, seed=1)))
    return alphabet


def distances(z, points):
    return (z.flatten()[:, None] - points).abs().square()


@pytest.mark.parametrize("points", SIZES)
@pytest.mark.parametrize("alphabet", [QAM, Learned])
def test_the_alphabets_mean_power_is_exactly_one(alphabet, points):
    c = alphabet(points).points
    assert len(c) == points
    assert c.abs().double().square().mean().item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("points", SIZES)
def test_qam_is_sionnas(points):
    theirs = SionnaConstellation("qam", points.bit_length() - 1, device="cpu").points
    ours = QAM(points).points
    apart = (ours[:, None] - theirs).abs()
    assert apart.min(dim=0).values.max() < 1e-6
    assert apart.argmin(dim=0).unique().numel() == points


def test_64_qam_is_divided_by_the_root_of_42():
    torch.testing.assert_close(pam(8) * sqrt(42), torch.arange(-7.0, 8, 2))


@pytest.mark.parametrize("alphabet", [QAM(64), moved()], ids=["qam", "learned"])
def test_what_is_sent_is_the_nearest_point(alphabet):
    z = latent()
    wanted = alphabet.points[distances(z, alphabet.points).argmin(dim=1)].view(z.shape)
    for hardness in (5.0, 77.0):
        assert torch.equal(alphabet(z, hardness=hardness), wanted)


@pytest.mark.parametrize("points", SIZES)
def test_hardness_is_relative_to_the_distance_of_neighbours(points):
    """So the gradient half-way between two levels is the same for every M."""
    alphabet = QAM(points)
    d = float(alphabet.levels[1] - alphabet.levels[0])
    assert alphabet.sigma(3.0) == pytest.approx(3 / d**2, rel=1e-5)
    z = torch.zeros(1, 1, dtype=torch.complex64, requires_grad=True)
    alphabet(z, hardness=3.0).real.sum().backward()
    assert z.grad.real.item() == pytest.approx(1.5, abs=0.2)


@pytest.mark.parametrize("hardness", [0.5, 3.0, 10.0])
@pytest.mark.parametrize("kind", ["qam", "learned"])
def test_the_gradient_is_that_of_the_soft_assignment(kind, hardness):
    alphabet = QAM(16) if kind == "qam" else moved()
    rate = complex_normal((3, 50), rng=stream(0, "rate"))
    z, again = latent().requires_grad_(), latent().requires_grad_()
    points = alphabet.points
    w = torch.softmax(-alphabet.sigma(hardness) * distances(again, points), dim=1).to(points.dtype)
    soft = (w @ points).view(z.shape)
    parameters = list(alphabet.parameters())
    ours = torch.autograd.grad((rate * alphabet(z, hardness=hardness)).real.sum(), [z, *parameters])
    theirs = torch.autograd.grad((rate * soft).real.sum(), [again, *parameters])
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, atol=2e-4, rtol=2e-3)


def test_chunks_change_neither_points_nor_gradients(monkeypatch):
    points = torch.randn(16, 2, generator=stream(0, "c")).requires_grad_()
    z = torch.randn(100, 2, generator=stream(0, "z")).requires_grad_()

    def results():
        out = quantize(z, points, 7.0)
        return out, *torch.autograd.grad(out.square().sum(), [z, points])

    whole = results()
    monkeypatch.setattr(assignment, "CHUNK", 16 * 7)
    for a, b in zip(results(), whole, strict=True):
        torch.testing.assert_close(a, b)


def test_memory_does_not_grow_with_all_distances(monkeypatch):
    largest = 0
    plain = assignment.closeness

    def watched(z, points):
        nonlocal largest
        found = plain(z, points)
        largest = max(largest, found.numel())
        return found

    monkeypatch.setattr(assignment, "closeness", watched)
    z = latent(80, 384).requires_grad_()
    for alphabet in (QAM(256), Learned(256)):
        alphabet(z, hardness=5.0).abs().square().sum().backward()
        alphabet.observe(z)
    assert largest <= assignment.CHUNK < 80 * 384 * 256


def test_autocast_changes_nothing():
    alphabet = moved(64)
    results = []
    for enabled in (False, True):
        z = latent().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            sent = alphabet(z, hardness=8.0)
            likelihoods = alphabet.likelihoods(z, hardness=8.0)
        (sent.abs().square().sum() + likelihoods[0]).backward()
        results.append((sent, likelihoods, z.grad))
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_no_values_no_points():
    assert nearest(torch.zeros(0, 2), torch.zeros(4, 2)).shape == (0,)


@pytest.mark.parametrize("alphabet", [QAM(16), moved(16)], ids=["qam", "learned"])
def test_likelihoods_are_the_mean_soft_assignment(alphabet):
    z = latent()
    both = torch.view_as_real(alphabet.points)
    pairs = torch.view_as_real(z).reshape(-1, 2)
    wanted = soft_assignment(pairs, both, alphabet.sigma(9.0)).mean(dim=0)
    torch.testing.assert_close(alphabet.likelihoods(z, hardness=9.0), wanted, atol=1e-5, rtol=1e-4)


def test_the_divergence_is_scipys_and_torchs():
    p = torch.rand(16, generator=stream(0, "p")).softmax(dim=0)
    ours = divergence_from_uniform(p).item()
    assert ours == pytest.approx(entropy(p.numpy(), np.full(16, 1 / 16)), rel=1e-4)
    theirs = kl_divergence(Categorical(p), Categorical(torch.ones(16)))
    assert ours == pytest.approx(theirs.item(), rel=1e-4)
    certain = torch.eye(16)[3]
    assert divergence_from_uniform(certain).item() == pytest.approx(np.log(16))
    assert divergence_from_uniform(torch.full((16,), 1 / 16)).item() == pytest.approx(0, abs=1e-6)


def test_a_learned_alphabet_has_power_one_by_how_often_its_points_are_sent():
    alphabet = moved()
    assert alphabet.running.max() > 1.05 * alphabet.running.min()
    power = (alphabet.running * alphabet.points.abs().square()).sum()
    assert power.item() == pytest.approx(1, abs=1e-5)
    for _ in range(400):  # until the running likelihoods are those of this latent
        alphabet.settle(alphabet.observe(latent(8, 500)))
    sent = alphabet(latent(8, 500), hardness=8.0)
    assert sent.abs().square().mean().item() == pytest.approx(1, abs=0.02)


def test_observing_changes_nothing_and_settling_moves_the_running_mean():
    alphabet, z = moved(), latent()
    before = alphabet.running.clone()
    observed = alphabet.observe(z)
    assert torch.equal(alphabet.running, before)
    assert observed["nearest"].sum().item() == pytest.approx(1)
    alphabet.settle({})
    assert torch.equal(alphabet.running, before)
    alphabet.settle(observed)
    torch.testing.assert_close(alphabet.running, 0.98 * before + 0.02 * observed["nearest"])


def test_only_the_direction_of_a_learned_alphabet_counts():
    alphabet = moved()
    before = alphabet.points.clone()
    with torch.no_grad():
        alphabet.raw *= 3
    torch.testing.assert_close(alphabet.points, before)


@pytest.mark.parametrize("points", SIZES)
def test_levels_are_the_distinct_real_parts(points):
    real = QAM(points).points.real.unique()
    torch.testing.assert_close(real, pam(isqrt(points)))
