"""Sionna as the oracle: AWGN, flat fading and several antennas, sent 16-QAM.

Both send the same symbols. Each draw of a channel carries one use, so that errors are independent
and counts are binomial.
"""

from math import sqrt

import pytest
import sionna.phy.channel as sionna_channel
import torch
from sionna.phy import config
from sionna.phy.mapping import Constellation, SymbolDemapper
from sionna.phy.mimo import lmmse_equalizer, zf_equalizer

from semvet.channels import AWGN, MIMO, Rayleigh
from semvet.randomness import stream
from semvet.units import noise_power

USES = 150_000
SNR_DB = 12.0
N0 = noise_power(SNR_DB)
QUANTILES = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95])
ANTENNAS = {"2x2": (2, 2), "2x4": (2, 4), "4x4": (4, 4)}


@pytest.fixture(autouse=True)
def _seeded_sionna():
    """Sionna's seed is global and reaches into torch's; both are put back."""
    before = config.seed
    with torch.random.fork_rng(devices=[]):
        config.seed = 1
        yield
        config.seed = before


@pytest.fixture(scope="module")
def qam():
    return Constellation("qam", 4, device="cpu")


def qam_symbols(qam, per_use):
    index = torch.randint(16, (USES, per_use), generator=stream(0, "symbols"))
    return index, qam.points[index]


def error_rate(qam, x_hat, index):
    """Share of channel uses with a wrong symbol, by Sionna's own decision."""
    decide = SymbolDemapper("qam", 4, hard_out=True, device="cpu")
    return float((decide(x_hat, torch.ones(())) != index).any(dim=1).float().mean())


def assert_same_rate(ours, theirs):
    p = (ours + theirs) / 2
    assert abs(ours - theirs) < 4 * sqrt(2 * p * (1 - p) / USES)


def assert_same_quantiles(ours, theirs):
    """The share of our values below each quantile of theirs is binomial whatever the law; the
    quantile itself is loose where it falls between two points of the alphabet."""
    ours, theirs = (y.real[:, 0].contiguous() for y in (ours, theirs))
    share = (ours[:, None] < torch.quantile(theirs, QUANTILES)).float().mean(dim=0)
    assert ((share - QUANTILES).abs() < 4 * (2 * QUANTILES * (1 - QUANTILES) / USES).sqrt()).all()


def unbiased(x_hat, G, H):
    return x_hat / torch.diagonal(G @ H, dim1=-2, dim2=-1)


def matrix(noise):
    return (noise["U"] * noise["S"][:, None]) @ noise["Vh"]


def mmse_matrix(H):
    t = H.shape[-1]
    return torch.linalg.solve(H.mH @ H + N0 * torch.eye(t), H.mH)


def test_awgn_agrees(qam):
    index, x = qam_symbols(qam, 1)
    y = AWGN()(x, AWGN().draw(USES, 1, rng=stream(0, "channel")), snr_db=SNR_DB)
    their_y = sionna_channel.AWGN(device="cpu")(x, N0)
    assert_same_quantiles(y, their_y)
    ours, theirs = error_rate(qam, y, index), error_rate(qam, their_y, index)
    assert_same_rate(ours, theirs)


@pytest.mark.parametrize("equalizer", ["zf", "mmse"])
def test_rayleigh_fading_agrees(qam, equalizer):
    channel = Rayleigh(equalizer=equalizer)
    index, x = qam_symbols(qam, 1)
    noise = channel.draw(USES, 1, rng=stream(0, "channel"))
    y = channel.propagate(x, noise, snr_db=SNR_DB)
    x_hat = channel.equalize(y, noise, snr_db=SNR_DB)
    if equalizer == "mmse":
        H = noise["h"][:, None]
        x_hat = unbiased(x_hat, mmse_matrix(H), H)

    fading = sionna_channel.FlatFadingChannel(1, 1, return_channel=True, device="cpu")
    their_y, H = fading(x, N0)
    undo = {"zf": zf_equalizer, "mmse": lmmse_equalizer}[equalizer]
    their_x_hat, _ = undo(their_y, H, N0 * torch.eye(1) + 0j)
    assert_same_quantiles(y, their_y)
    assert_same_quantiles(x_hat, their_x_hat)
    ours, theirs = error_rate(qam, x_hat, index), error_rate(qam, their_x_hat, index)
    assert_same_rate(ours, theirs)


@pytest.mark.parametrize("receiver", ["svd", "mmse"])
@pytest.mark.parametrize("antennas", ["2x2", "2x4"])
def test_several_antennas_agree(qam, antennas, receiver):
    t, r = ANTENNAS[antennas]
    channel = MIMO(transmit_antennas=t, receive_antennas=r, receiver=receiver)
    index, x = qam_symbols(qam, t)
    noise = channel.draw(USES, t, rng=stream(0, "channel"))
    y = channel.propagate(x, noise, snr_db=SNR_DB)
    x_hat = channel.equalize(y, noise, snr_db=SNR_DB)
    if receiver == "mmse":
        x_hat = unbiased(x_hat, mmse_matrix(matrix(noise)), matrix(noise))

    mimo = sionna_channel.FlatFadingChannel(t, r, device="cpu")
    H = mimo.generate(USES) / sqrt(t)  # theirs has entries CN(0, 1): t times our received power
    if receiver == "svd":
        H = H @ torch.linalg.svd(H, full_matrices=False).Vh.mH
    their_y = mimo.apply(x, H, N0)
    undo = {"svd": zf_equalizer, "mmse": lmmse_equalizer}[receiver]
    their_x_hat, _ = undo(their_y, H, N0 * torch.eye(r) + 0j)
    assert_same_quantiles(y, their_y)
    assert_same_quantiles(x_hat, their_x_hat)
    ours, theirs = error_rate(qam, x_hat, index), error_rate(qam, their_x_hat, index)
    assert_same_rate(ours, theirs)


@pytest.mark.parametrize("antennas", ANTENNAS)
def test_mmse_is_sionnas_times_the_bias_that_sionna_divides_out(antennas):
    t, r = ANTENNAS[antennas]
    channel = MIMO(transmit_antennas=t, receive_antennas=r, receiver="mmse")
    x, noise = torch.ones(500, t) + 0j, channel.draw(500, t, rng=stream(0, "channel"))
    y = channel.propagate(x, noise, snr_db=SNR_DB)
    H = matrix(noise)
    theirs, no_eff = lmmse_equalizer(y, H, N0 * torch.eye(r) + 0j)
    bias = 1 / (1 + no_eff)  # diag(G H)
    ours = channel.equalize(y, noise, snr_db=SNR_DB)
    torch.testing.assert_close(ours, theirs * bias, atol=1e-4, rtol=1e-4)


def test_svd_is_sionnas_zero_forcing_of_the_precoded_channel():
    channel = MIMO(receive_antennas=4)
    x, noise = torch.ones(500, 2) + 0j, channel.draw(500, 2, rng=stream(0, "channel"))
    y = channel.propagate(x, noise, snr_db=SNR_DB)
    theirs, _ = zf_equalizer(y, matrix(noise) @ noise["Vh"].mH, N0 * torch.eye(4) + 0j)
    torch.testing.assert_close(
        channel.equalize(y, noise, snr_db=SNR_DB), theirs, atol=1e-4, rtol=1e-4
    )


def test_mmse_of_a_single_antenna_is_sionnas_times_its_bias():
    noise = Rayleigh().draw(500, 1, rng=stream(0, "channel"))
    y = Rayleigh().propagate(torch.ones(500, 1) + 0j, noise, snr_db=SNR_DB)
    theirs, no_eff = lmmse_equalizer(y, noise["h"][:, None], N0 * torch.eye(1) + 0j)
    ours = Rayleigh().equalize(y, noise, snr_db=SNR_DB)
    torch.testing.assert_close(ours, theirs / (1 + no_eff), atol=1e-4, rtol=1e-4)
