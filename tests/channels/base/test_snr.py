"""The signal-to-noise ratio that a channel really has, before any equalizer.

The power of a block-faded image varies like |h|^2: mean 1, standard deviation 1 under Rayleigh
fading, less under every other law here. B images of k symbols therefore measure the ratio with a
standard deviation of 10/ln(10) sqrt((1 + 1/k) / B) dB; B = 200,000 and k = 8 make three of them
0.031 dB.
"""

import pytest
import torch

from semvet.channels import AWGN, MIMO, Rayleigh, Rician
from semvet.randomness import complex_normal, stream
from semvet.units import linear_to_db

IMAGES, SYMBOLS = 200_000, 8
CHANNELS = {
    "awgn": AWGN(),
    "rayleigh": Rayleigh(),
    "rician -20 dB": Rician(k_db=-20.0),
    "rician 6 dB": Rician(k_db=6.0),
    "mimo 2x2 svd": MIMO(),
    "mimo 2x2 mmse": MIMO(receiver="mmse"),
    "mimo 2x4 svd": MIMO(receive_antennas=4),
    "mimo 4x2 mmse": MIMO(transmit_antennas=4, receive_antennas=2, receiver="mmse"),
}


def power(x):
    return float(x.abs().square().mean(dtype=torch.float64))


@pytest.mark.parametrize("name", CHANNELS)
def test_the_measured_snr_is_the_asked_one_within_a_twentieth_of_a_decibel(name):
    channel = CHANNELS[name]
    x = torch.sgn(complex_normal((IMAGES, SYMBOLS), rng=stream(0, "x")))  # power 1 exactly
    noise = channel.draw(IMAGES, SYMBOLS, rng=stream(1, name))
    for snr_db in (-3.0, 10.0):
        silent = channel.propagate(torch.zeros_like(x), noise, snr_db=snr_db)
        signal = channel.propagate(x, noise, snr_db=snr_db) - silent
        measured_db = linear_to_db(power(signal) / power(silent))
        assert measured_db == pytest.approx(snr_db, abs=0.05)
        assert linear_to_db(power(signal)) == pytest.approx(0, abs=0.05)  # H has unit mean power


def test_half_of_the_noise_power_is_in_each_real_dimension():
    noise = AWGN().draw(IMAGES, SYMBOLS, rng=stream(0, "halves"))
    y = AWGN().propagate(torch.zeros(IMAGES, SYMBOLS) + 0j, noise, snr_db=3.0)
    for half in (y.real, y.imag):
        assert linear_to_db(2 * power(half)) == pytest.approx(-3.0, abs=0.05)
