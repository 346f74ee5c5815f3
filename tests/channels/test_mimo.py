"""Several antennas: the law of H, both receivers against their formulas, padding, refusals."""

import pytest
import torch

from semvet.channels import MIMO
from semvet.errors import ConfigError
from semvet.randomness import complex_normal, stream
from semvet.units import noise_power

SNR_DB = 8.0
SIZES = [(1, 1), (2, 2), (2, 4), (4, 2), (3, 3), (16, 16)]  # t, r


def matrix(noise):
    return (noise["U"] * noise["S"][:, None]) @ noise["Vh"]


def symbols(batch, k):
    return complex_normal((batch, k), rng=stream(0, "x"))


def test_svd_with_fewer_receive_than_transmit_antennas_is_refused_with_the_way_out():
    with pytest.raises(ConfigError) as error:
        MIMO(transmit_antennas=4, receive_antennas=2, receiver="svd")
    for part in ("receive_antennas (now 2)", "transmit_antennas (now 4)", "'mmse'"):
        assert part in str(error.value)


@pytest.mark.parametrize(("t", "r"), [(2, 2), (2, 4), (4, 2)])
def test_entries_of_h_are_independent_gaussians_of_variance_one_over_t(t, r):
    channel = MIMO(transmit_antennas=t, receive_antennas=r, receiver="mmse")
    h = matrix(channel.draw(100_000, t, rng=stream(0, "h"))).flatten(1)
    covariance = (h.mT @ h.conj()) / len(h)
    pseudo = (h.mT @ h) / len(h)  # 0: circular symmetry
    torch.testing.assert_close(covariance, torch.eye(t * r) / t + 0j, atol=0.01, rtol=0)
    torch.testing.assert_close(pseudo, torch.zeros_like(pseudo), atol=0.01, rtol=0)
    kurtosis = h.abs().pow(4).mean(0) * t**2
    torch.testing.assert_close(kurtosis, torch.full_like(kurtosis, 2), atol=0.1, rtol=0)


@pytest.mark.parametrize(("t", "r"), SIZES)
def test_mmse_is_the_formula_of_its_head(t, r):
    channel = MIMO(transmit_antennas=t, receive_antennas=r, receiver="mmse")
    x, noise = symbols(50, t), channel.draw(50, t, rng=stream(0, "channel"))
    y = channel.propagate(x, noise, snr_db=SNR_DB)
    H, N0 = matrix(noise), noise_power(SNR_DB)
    torch.testing.assert_close(
        y, (H @ x[..., None])[..., 0] + N0**0.5 * noise["n"], atol=1e-5, rtol=1e-4
    )
    gram = H.mH @ H + N0 * torch.eye(t)
    expected = torch.linalg.solve(gram, H.mH @ y[..., None])[..., 0]
    x_hat = channel.equalize(y, noise, snr_db=SNR_DB)
    torch.testing.assert_close(x_hat, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("t", "r"), [(t, r) for t, r in SIZES if r >= t])
def test_precoding_with_v_turns_h_into_parallel_streams(t, r):
    channel = MIMO(transmit_antennas=t, receive_antennas=r, receiver="svd")
    x, noise = symbols(50, t), channel.draw(50, t, rng=stream(0, "channel"))
    y = channel.propagate(x, noise, snr_db=SNR_DB)
    precoded = matrix(noise) @ (noise["Vh"].mH @ x[..., None])
    torch.testing.assert_close(
        y, precoded[..., 0] + noise_power(SNR_DB) ** 0.5 * noise["n"], atol=1e-5, rtol=1e-4
    )
    seen = (noise["U"].mH @ noise["n"][..., None])[..., 0] * noise_power(SNR_DB) ** 0.5
    x_hat = channel.equalize(y, noise, snr_db=SNR_DB)
    torch.testing.assert_close(x_hat, x + seen / noise["S"], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("channel", [MIMO(transmit_antennas=3, receive_antennas=5),
                                     MIMO(transmit_antennas=3, receiver="mmse")])  # fmt: skip
def test_a_last_use_that_is_not_full_is_filled_with_zeros(channel):
    r = channel.receive_antennas
    noise = channel.draw(4, 7, rng=stream(0, "channel"))
    y = channel.propagate(symbols(4, 7), noise, snr_db=SNR_DB)
    assert y.shape == (4, 3 * r)
    filled = torch.nn.functional.pad(symbols(4, 7), (0, 2))
    assert torch.equal(y, channel.propagate(filled, noise, snr_db=SNR_DB))
    assert channel.equalize(y, noise, snr_db=SNR_DB).shape == (4, 7)


def test_stream_0_is_the_strongest():
    channel = MIMO(transmit_antennas=2, receive_antennas=2)
    x, noise = symbols(500, 32), channel.draw(500, 32, rng=stream(0, "channel"))
    error = (channel(x, noise, snr_db=SNR_DB) - x).abs().square().unflatten(1, (16, 2)).mean(1)
    first, second = error.median(dim=0).values
    assert first < 0.5 * second
