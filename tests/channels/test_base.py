"""What is known of the channels of the table beyond what every channel promises."""

import numpy as np
import pytest
import torch
from every_channel import VARIANTS
from scipy.special import exp1

from semvet.channels import AWGN, CDL, TDL
from semvet.testing.channels import BATCH, SNR_DB, SYMBOLS, drawn, symbols
from semvet.units import db_to_linear

# unbiased, H known
TRANSPARENT = ("awgn", "rayleigh zf", "rician zf", "mimo", "mimo 2x4", "tdl zf", "cdl 1x4 zf")


@pytest.fixture(params=VARIANTS)
def channel(request):
    return VARIANTS[request.param]


@pytest.mark.parametrize("name", sorted(set(VARIANTS) - {"tdl moving"}))
def test_an_image_meets_one_fading_state_from_its_first_to_its_last_symbol(name):
    channel = VARIANTS[name]
    half = symbols(k=72)  # a whole number of uses of up to 8 antennas, one of 72 subcarriers
    noise = drawn(channel, k=144)
    y = channel.propagate(torch.cat([half, half], dim=1), noise, snr_db=SNR_DB)
    silent = channel.propagate(torch.zeros(BATCH, 144) + 0j, noise, snr_db=SNR_DB)
    antennas = y.shape[1] // 144 if isinstance(channel, CDL | TDL) else 1  # one after the other
    halves = (y - silent).unflatten(1, (antennas, 2, -1))
    torch.testing.assert_close(halves[:, :, 0], halves[:, :, 1])


@pytest.mark.parametrize("name", sorted(set(VARIANTS) - {"awgn"}))
def test_each_image_fades_on_its_own(name):
    channel = VARIANTS[name]
    y = channel.propagate(symbols(1).expand(BATCH, -1), drawn(channel), snr_db=200.0)
    distance = torch.cdist(torch.view_as_real(y).flatten(1), torch.view_as_real(y).flatten(1))
    assert (distance + torch.eye(BATCH) > 0.1).all()


@pytest.mark.parametrize("name", TRANSPARENT)
def test_without_noise_symbols_pass_a_transparent_channel_unchanged(name):
    x = symbols(64)
    y = VARIANTS[name](x, drawn(VARIANTS[name], 64), snr_db=200.0)
    torch.testing.assert_close(y, x, atol=1e-4, rtol=1e-4)


def test_real_symbols_are_refused(channel):
    with pytest.raises(Exception, match="x"):
        channel(torch.zeros(BATCH, SYMBOLS), drawn(channel), snr_db=SNR_DB)


def test_the_capacity_without_fading_is_shannons():
    bits = AWGN().capacity(drawn(AWGN()), snr_db=SNR_DB)
    torch.testing.assert_close(bits, torch.full((BATCH,), np.log2(1 + 10.0), dtype=torch.float32))


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
@pytest.mark.parametrize("name", ["rayleigh", "tdl"])
def test_the_mean_capacity_of_rayleigh_gains_is_the_ergodic_one(name, snr_db):
    channel, n0 = VARIANTS[name], 1 / db_to_linear(snr_db)
    bits = channel.capacity(drawn(channel, 20_000, 4), snr_db=snr_db)
    assert float(bits.mean()) == pytest.approx(np.exp(n0) * exp1(n0) / np.log(2), abs=0.05)


def test_a_receiver_that_knows_nothing_counts_on_the_average():
    for name in ("rayleigh none", "tdl none"):
        bits = VARIANTS[name].capacity(drawn(VARIANTS[name]), snr_db=SNR_DB)
        torch.testing.assert_close(bits, torch.full((BATCH,), float(np.log2(11.0))))
