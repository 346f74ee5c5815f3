"""The two receivers of a single-antenna fading channel, and the laws of its gain."""

from math import sqrt

import pytest
import torch

from semvet.channels import AWGN, Rayleigh, Rician
from semvet.randomness import complex_normal, stream
from semvet.units import db_to_linear, noise_power

SNR_DB = 5.0
N0 = noise_power(SNR_DB)
X = complex_normal((2000, 16), rng=stream(0, "x"))
NOISE = Rayleigh().draw(2000, 16, rng=stream(0, "channel"))


def test_without_channel_knowledge_the_decoder_gets_what_the_antenna_sees():
    y = Rayleigh().propagate(X, NOISE, snr_db=SNR_DB)
    assert torch.equal(Rayleigh(csi="none")(X, NOISE, snr_db=SNR_DB), y)
    torch.testing.assert_close(y, NOISE["h"] * X + sqrt(N0) * NOISE["n"])


def test_zero_forcing_leaves_the_symbol_plus_amplified_noise():
    x_hat = Rayleigh(equalizer="zf")(X, NOISE, snr_db=SNR_DB)
    torch.testing.assert_close(x_hat, X + sqrt(N0) * NOISE["n"] / NOISE["h"], atol=1e-4, rtol=1e-4)


def test_no_other_scaling_of_the_received_symbols_has_a_smaller_error_than_mmse():
    def error(x_hat):
        return (x_hat - X).abs().square().mean()

    mmse = Rayleigh(equalizer="mmse")(X, NOISE, snr_db=SNR_DB)
    assert error(mmse) < error(0.98 * mmse)
    assert error(mmse) < error(1.02 * mmse)
    assert error(mmse) < 0.5 * error(Rayleigh(equalizer="zf")(X, NOISE, snr_db=SNR_DB))


def test_the_error_of_mmse_is_one_over_one_plus_the_snr_of_each_image():
    x = complex_normal((64, 20_000), rng=stream(1, "x"))
    noise = Rayleigh().draw(64, 20_000, rng=stream(1, "channel"))
    error = (Rayleigh()(x, noise, snr_db=SNR_DB) - x).abs().square().mean(dim=1)
    expected = 1 / (1 + noise["h"][:, 0].abs().square() / N0)
    torch.testing.assert_close(error, expected, rtol=0.04, atol=0)  # 4 sigma at 20,000 symbols


@pytest.mark.parametrize("channel", [Rayleigh(), Rayleigh(equalizer="zf"), Rician(k_db=60.0)])
def test_a_deep_fade_stays_finite(channel):
    noise = {"h": torch.full((4, 1), 1e-6 + 0j), "n": NOISE["n"][:4]}
    assert channel(X[:4], noise, snr_db=20.0).isfinite().all()


@pytest.mark.parametrize("k_db", [-20.0, 0.0, 6.0])
def test_the_gain_is_a_direct_path_plus_scatter_in_the_ratio_k(k_db):
    h = Rician(k_db=k_db).draw(200_000, 1, rng=stream(0, "h"))["h"]
    K = db_to_linear(k_db)
    direct, scatter = h.mean(), h.var(correction=0)
    assert abs(complex(direct) - sqrt(K / (K + 1))) < 0.01
    assert float(scatter) == pytest.approx(1 / (K + 1), rel=0.01)
    assert float(h.real.var()) == pytest.approx(float(h.imag.var()), rel=0.02)


def test_a_strong_direct_path_is_awgn():
    noise = Rician(k_db=60.0).draw(2000, 16, rng=stream(0, "channel"))
    y = Rician(k_db=60.0).propagate(X, noise, snr_db=SNR_DB)
    torch.testing.assert_close(y, AWGN()(X, noise, snr_db=SNR_DB), atol=0.02, rtol=0)


def test_the_power_of_a_rayleigh_gain_is_exponential():
    power = Rayleigh().draw(200_000, 1, rng=stream(0, "h"))["h"].abs().square()
    for x in (0.1, 0.5, 1.0, 2.0, 4.0):
        below = float((power < x).float().mean())
        assert below == pytest.approx(1 - float(torch.exp(torch.tensor(-x))), abs=0.005)
