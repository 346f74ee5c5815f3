import pytest
import torch

from semvet.randomness import stream
from semvet.systems.layers.wavelet import analyze, haar, inverse_haar, synthesize

SHAPES = [(2, 1, 28, 28), (2, 3, 32, 32), (1, 3, 4, 12)]


def images(shape):
    return torch.rand(shape, generator=stream(0, "x"))


def matrix_of(size):
    """One level of the Haar transform along one axis: averages first, then differences."""
    W = torch.zeros(size, size)
    for i in range(size // 2):
        W[i, 2 * i : 2 * i + 2] = torch.tensor([1.0, 1.0]) / 2**0.5
        W[size // 2 + i, 2 * i : 2 * i + 2] = torch.tensor([1.0, -1.0]) / 2**0.5
    return W


@pytest.mark.parametrize("shape", SHAPES)
def test_one_level_agrees_with_the_transform_as_two_matrices(shape):
    x = images(shape)
    height, width = shape[2:]
    both = matrix_of(height) @ x @ matrix_of(width).T
    upper, lower = both.split(height // 2, dim=2)
    quadrants = [part for half in (upper, lower) for part in half.split(width // 2, dim=3)]
    torch.testing.assert_close(haar(x), torch.cat(quadrants, dim=1))


@pytest.mark.parametrize("shape", SHAPES)
def test_reconstruction_is_perfect_and_energy_is_kept(shape):
    x = images(shape)
    coarse, fine = analyze(x)
    chan, height, width = shape[1:]
    assert coarse.shape[1:] == (4 * chan, height // 4, width // 4)
    assert fine.shape[1:] == (3 * chan, height // 2, width // 2)
    torch.testing.assert_close(synthesize(coarse, fine), x)
    torch.testing.assert_close(inverse_haar(haar(x)), x)
    energy = coarse.square().sum() + fine.square().sum()
    torch.testing.assert_close(energy, x.square().sum())


def test_a_constant_image_is_its_coarse_average_alone():
    coarse, fine = analyze(torch.full((1, 3, 8, 8), 0.3))
    torch.testing.assert_close(coarse[:, :3], torch.full((1, 3, 2, 2), 1.2))
    assert coarse[:, 3:].abs().max() < 1e-6
    assert fine.abs().max() < 1e-6


def test_each_kind_of_stripes_is_seen_by_its_own_subband():
    along, across = torch.arange(8)[None, :] % 2, torch.arange(8)[:, None] % 2
    for kind, stripes in enumerate((along, across, (along + across) % 2)):
        x = stripes.expand(8, 8).float()[None, None]
        _, fine = analyze(x)
        seen = fine.abs().amax(dim=(0, 2, 3)) > 1e-6
        assert seen.tolist() == [i == kind for i in range(3)]


def test_gradients_are_those_of_an_orthonormal_map():
    x = images((1, 1, 8, 8)).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: analyze(x)[0], x)
    coarse, fine = analyze(x)
    (coarse.square().sum() + fine.square().sum()).backward()
    torch.testing.assert_close(x.grad, 2 * x.detach())
