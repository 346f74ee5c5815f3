import pytest
import torch
from scipy.fft import dctn

from semvet.attacks import Frequency
from semvet.errors import ConfigError
from semvet.randomness import seeded, stream


def made(shape=(1, 28, 28), **config):
    with seeded(0, "attack"):
        return Frequency(torch.rand(2, *shape, generator=stream(0, "t")), **config)


def spectrum_of(change):
    return torch.from_numpy(dctn(change.numpy(), axes=(-2, -1), norm="ortho"))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 30, 45)])
def test_only_k_of_n_mid_frequencies_change_by_at_most_the_bound(shape):
    attack = made(shape, bound=0.5, band=64, keep=16)
    x = torch.rand(5, *shape, generator=stream(0, "x"))
    change = spectrum_of(attack.spectrum(x).detach())  # SciPy's DCT, not ours
    assert change.abs().max() <= 0.5 + 1e-5
    touched = change.abs() > 1e-5
    assert (touched.flatten(2).sum(-1) == 16).all()
    assert touched.any(dim=(0, 1)).sum() <= 64
    assert not touched[..., 0, 0].any()  # never the mean


def test_which_frequencies_depends_on_the_image():
    attack = made()
    x = torch.rand(8, 1, 28, 28, generator=stream(0, "x"))
    touched = spectrum_of(attack.spectrum(x).detach()).abs() > 1e-5
    assert len(touched.flatten(1).unique(dim=0)) > 1


def test_a_band_larger_than_the_image_is_refused():
    with pytest.raises(
        ConfigError, match=r"attack\.keep: 16 of attack\.band: 1000 coefficients of 784"
    ):
        made(band=1000)
