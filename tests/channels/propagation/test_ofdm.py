"""The grid, the pilots in it, and the estimate that they give."""

from math import sqrt

import numpy as np
import pytest
import torch
from multipath import power
from sionna.phy.ofdm import LSChannelEstimator, PilotPattern, ResourceGrid

from semvet.channels import CDL, TDL
from semvet.channels.propagation.ofdm import OFDM
from semvet.randomness import complex_normal, stream
from semvet.units import noise_power


@pytest.mark.parametrize("spacing", [1, 3, 4])
def test_the_estimate_is_sionnas_between_the_outermost_pilots(spacing):
    channel = TDL(csi="pilots", pilot_spacing=spacing, subcarriers=64)
    noise = channel.draw(20, 200, rng=stream(0, "channel"))
    ours = channel.ofdm.estimate(noise, snr_db=10.0)[:, 0, 0]
    at = torch.arange(0, 64, spacing)
    mask = torch.zeros(1, 1, 4, 64, dtype=torch.bool)
    mask[0, 0, 0, at] = True
    pattern = PilotPattern(mask, torch.ones(1, 1, len(at)) + 0j, precision="single", device="cpu")
    grid = ResourceGrid(
        4, 64, 30e3, pilot_pattern=pattern, precision="single", device="cpu"
    )  # fmt: skip
    estimator = LSChannelEstimator(grid, interpolation_type="lin", precision="single", device="cpu")
    y = torch.zeros(20, 1, 1, 4, 64) + 0j
    n0 = noise_power(10.0)
    y[:, 0, 0, 0, at] = noise["h"][:, 0, 0, at] + sqrt(n0) * noise["pilots"][:, 0]
    theirs = estimator(y, torch.tensor(n0))[0][:, 0, 0, 0, 0, 0]
    last = int(at[-1]) + 1
    torch.testing.assert_close(ours[:, :last], theirs[:, :last], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("spacing", [1, 2, 3, 4, 7, 8, 64])
@pytest.mark.parametrize("symbols", [1, 5, 8, 23])
def test_data_fills_the_grid_around_the_pilots(spacing, symbols):
    ofdm = OFDM(8, 1, "pilots", "zf", spacing)
    length = ofdm.length(symbols)
    free = [i for i in range(8 * length) if not (i < 8 and i % spacing == 0)]
    number = torch.arange(8.0 * length).reshape(1, 1, length, 8) + 0j
    noise = ofdm.draw(number, symbols, rng=stream(0, "n"))
    y = ofdm.propagate(torch.ones(1, symbols) + 0j, noise, snr_db=200.0)
    assert y.real.round().int()[0].tolist() == free[:symbols]
    assert 8 * (length - 1) < symbols + ofdm.pilots <= 8 * length
    assert ofdm.pilots == 8 * length - len(free)


def test_the_pilots_that_an_image_costs_are_exposed():
    assert (TDL().pilots, TDL(csi="pilots").pilots, CDL(csi="none").pilots) == (0, 18, 0)
    assert TDL(csi="pilots", pilot_spacing=5).pilots == 15


@pytest.mark.parametrize("spacing", [1, 5, 8])
def test_the_estimate_is_noisy_at_pilots_and_linear_between_them(spacing):
    channel = TDL(csi="pilots", pilot_spacing=spacing, receive_antennas=2)
    noise = channel.draw(3, 100, rng=stream(0, "channel"))
    G = channel.ofdm.estimate(noise, snr_db=10.0)[:, :, 0]
    at = np.arange(0, 72, spacing)
    y = (noise["h"][:, :, 0, at] + sqrt(0.1) * noise["pilots"]).numpy()
    for image, antenna in np.ndindex(3, 2):
        expected = np.interp(np.arange(72), at, y[image, antenna])
        np.testing.assert_allclose(G[image, antenna].numpy(), expected, atol=1e-5)


def test_the_estimate_converges_to_the_truth():
    def error(snr_db, **grid):
        channel = TDL(csi="pilots", **grid)
        noise = channel.draw(2_000, 1, rng=stream(0, "channel"))
        return power(channel.ofdm.estimate(noise, snr_db=snr_db) - noise["h"])

    for snr_db in (10.0, 40.0):  # at a pilot, the error of least squares is N0
        assert error(snr_db, pilot_spacing=1) == pytest.approx(noise_power(snr_db), rel=0.02)
    assert error(10.0) < noise_power(10.0)  # averaging two pilots pays more than their distance
    assert error(200.0) < 2e-3
    assert error(200.0, pilot_spacing=2) < error(200.0) < error(200.0, pilot_spacing=8)


def test_capacity_is_that_of_the_elements_in_use():
    ofdm = OFDM(8, 2, "pilots", "mmse", 2)
    noise = ofdm.draw(complex_normal((3, 2, 1, 8), rng=stream(0, "h")), 6, rng=stream(0, "n"))
    used = noise["h"][:, :, 0, [1, 3, 5, 7, 0, 1]].abs().square().sum(dim=1)
    expected = torch.log2(1 + 10 * used).mean(dim=1)
    torch.testing.assert_close(ofdm.capacity(noise, snr_db=10.0), expected)
    flat = TDL(csi="none")
    noise = flat.draw(3, 6, rng=stream(0, "n"))
    torch.testing.assert_close(flat.capacity(noise, snr_db=10.0), torch.full((3,), np.log2(11.0)))
