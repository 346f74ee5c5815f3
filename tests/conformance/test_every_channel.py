"""What must hold for anything in the CHANNELS table, and for the variants that behave apart."""

import numpy as np
import pytest
import torch
from scipy.special import exp1

from semvet.channels import AWGN, CDL, CHANNELS, MIMO, TDL, Rayleigh, Rician
from semvet.randomness import complex_normal, stream
from semvet.units import db_to_linear

VARIANTS = {
    **{name: channel() for name, channel in CHANNELS.items()},
    "rayleigh zf": Rayleigh(equalizer="zf"),
    "rayleigh none": Rayleigh(csi="none"),
    "rician zf": Rician(equalizer="zf"),
    "mimo mmse": MIMO(receiver="mmse"),
    "mimo 2x4": MIMO(receive_antennas=4),
    "mimo 4x2 mmse": MIMO(transmit_antennas=4, receive_antennas=2, receiver="mmse"),
    "tdl zf": TDL(equalizer="zf", delay_spread_ns=30.0),
    "tdl none": TDL(csi="none", model="D"),
    "tdl pilots": TDL(csi="pilots", pilot_spacing=1),
    "tdl moving": TDL(csi="pilots", speed_m_s=30.0),
    "cdl 1x4 zf": CDL(receive_antennas=4, equalizer="zf"),
}
# unbiased, H known
TRANSPARENT = ("awgn", "rayleigh zf", "rician zf", "mimo", "mimo 2x4", "tdl zf", "cdl 1x4 zf")
SNR_DB = 10.0
BATCH, SYMBOLS = 5, 13  # 13: no antenna number divides it


@pytest.fixture(params=VARIANTS)
def channel(request):
    return VARIANTS[request.param]


def symbols(batch=BATCH, k=SYMBOLS, *, seed=0):
    x = complex_normal((batch, k), rng=stream(seed, "x"))
    return x / x.abs().square().mean(dim=1, keepdim=True).sqrt()


def noise_of(channel, batch=BATCH, k=SYMBOLS, *, seed=0):
    return channel.draw(batch, k, rng=stream(seed, "channel"))


def rows_of(noise, rows):
    return {name: value[rows] for name, value in noise.items()}


def test_the_receiver_gets_as_many_complex_symbols_as_were_sent(channel):
    y = channel(symbols(), noise_of(channel), snr_db=SNR_DB)
    assert (y.shape, y.dtype) == ((BATCH, SYMBOLS), torch.complex64)


@pytest.mark.parametrize(("batch", "k"), [(1, 1), (0, 4), (2, 48)])
def test_odd_sizes_pass(channel, batch, k):
    noise = noise_of(channel, batch, k)
    assert channel(torch.ones(batch, k) + 0j, noise, snr_db=SNR_DB).shape == (batch, k)


def test_autocast_leaves_the_symbols_alone(channel):
    x, noise = symbols(), noise_of(channel)
    with torch.autocast("cpu", torch.bfloat16):
        y = channel(x, noise, snr_db=SNR_DB)
    assert torch.equal(y, channel(x, noise, snr_db=SNR_DB))


def test_the_same_stream_gives_the_same_output_and_another_stream_another(channel):
    a, b, c = (
        channel(symbols(), noise_of(channel, seed=seed), snr_db=SNR_DB) for seed in (0, 0, 1)
    )
    assert torch.equal(a, b)
    assert not torch.isclose(a, c).any()


def test_a_forward_pass_draws_nothing_and_changes_nothing_in_place(channel):
    x, noise = symbols(), noise_of(channel)
    kept_x, kept = x.clone(), {name: value.clone() for name, value in noise.items()}
    first = channel(x, noise, snr_db=SNR_DB)
    assert torch.equal(first, channel(x, noise, snr_db=SNR_DB))
    assert torch.equal(x, kept_x)
    assert all(torch.equal(noise[name], kept[name]) for name in kept)


def test_finite_gradients_reach_every_symbol(channel):
    x = symbols().requires_grad_()
    channel(x, noise_of(channel), snr_db=SNR_DB).abs().square().sum().backward()
    assert x.grad.isfinite().all()
    assert (x.grad.abs() > 0).all()


def test_propagation_is_affine_in_the_symbols(channel):
    noise = noise_of(channel)
    a, b = symbols(seed=1), symbols(seed=2)
    of_a, of_b, of_mix = (
        channel.propagate(x, noise, snr_db=SNR_DB) for x in (a, b, 0.3 * a + 0.7 * b)
    )
    torch.testing.assert_close(of_mix, 0.3 * of_a + 0.7 * of_b)


def test_the_output_of_an_image_ignores_its_batch_mates(channel):
    x, noise, rows = symbols(), noise_of(channel), torch.tensor([3, 1])
    alone = channel(x[rows], rows_of(noise, rows), snr_db=SNR_DB)
    torch.testing.assert_close(alone, channel(x, noise, snr_db=SNR_DB)[rows])


@pytest.mark.parametrize("name", sorted(set(VARIANTS) - {"tdl moving"}))
def test_an_image_meets_one_fading_state_from_its_first_to_its_last_symbol(name):
    channel = VARIANTS[name]
    half = symbols(k=72)  # a whole number of uses of up to 8 antennas, one of 72 subcarriers
    noise = noise_of(channel, k=144)
    y = channel.propagate(torch.cat([half, half], dim=1), noise, snr_db=SNR_DB)
    silent = channel.propagate(torch.zeros(BATCH, 144) + 0j, noise, snr_db=SNR_DB)
    antennas = y.shape[1] // 144 if isinstance(channel, CDL | TDL) else 1  # one after the other
    halves = (y - silent).unflatten(1, (antennas, 2, -1))
    torch.testing.assert_close(halves[:, :, 0], halves[:, :, 1])


@pytest.mark.parametrize("name", sorted(set(VARIANTS) - {"awgn"}))
def test_each_image_fades_on_its_own(name):
    channel = VARIANTS[name]
    y = channel.propagate(symbols(1).expand(BATCH, -1), noise_of(channel), snr_db=200.0)
    distance = torch.cdist(torch.view_as_real(y).flatten(1), torch.view_as_real(y).flatten(1))
    assert (distance + torch.eye(BATCH) > 0.1).all()


@pytest.mark.parametrize("name", TRANSPARENT)
def test_without_noise_symbols_pass_a_transparent_channel_unchanged(name):
    x = symbols(64)
    y = VARIANTS[name](x, noise_of(VARIANTS[name], 64), snr_db=200.0)
    torch.testing.assert_close(y, x, atol=1e-4, rtol=1e-4)


def test_real_symbols_are_refused(channel):
    with pytest.raises(Exception, match="x"):
        channel(torch.zeros(BATCH, SYMBOLS), noise_of(channel), snr_db=SNR_DB)


# what both ends know of the channel


def test_capacity_is_one_finite_figure_per_image_that_grows_with_the_snr(channel):
    noise = noise_of(channel)
    low, high = (channel.capacity(noise, snr_db=snr_db) for snr_db in (0.0, 20.0))
    for bits in (low, high):
        assert (bits.shape, bits.dtype) == ((BATCH,), torch.float32)
        assert bits.isfinite().all()
    assert ((low > 0) & (high > low)).all()
    drawn = channel.capacity(noise, snr_db=torch.tensor(20.0))  # as where it is drawn anew
    torch.testing.assert_close(drawn, high)


def test_the_capacity_of_an_image_ignores_its_batch_mates(channel):
    noise, rows = noise_of(channel), torch.tensor([3, 1])
    alone = channel.capacity(rows_of(noise, rows), snr_db=SNR_DB)
    torch.testing.assert_close(alone, channel.capacity(noise, snr_db=SNR_DB)[rows])


def test_the_capacity_without_fading_is_shannons():
    bits = AWGN().capacity(noise_of(AWGN()), snr_db=SNR_DB)
    torch.testing.assert_close(bits, torch.full((BATCH,), np.log2(1 + 10.0), dtype=torch.float32))


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
@pytest.mark.parametrize("name", ["rayleigh", "tdl"])
def test_the_mean_capacity_of_rayleigh_gains_is_the_ergodic_one(name, snr_db):
    channel, n0 = VARIANTS[name], 1 / db_to_linear(snr_db)
    bits = channel.capacity(noise_of(channel, 20_000, 4), snr_db=snr_db)
    assert float(bits.mean()) == pytest.approx(np.exp(n0) * exp1(n0) / np.log(2), abs=0.05)


def test_a_receiver_that_knows_nothing_counts_on_the_average():
    for name in ("rayleigh none", "tdl none"):
        bits = VARIANTS[name].capacity(noise_of(VARIANTS[name]), snr_db=SNR_DB)
        torch.testing.assert_close(bits, torch.full((BATCH,), float(np.log2(11.0))))


@pytest.mark.parametrize("k", [SYMBOLS, 2 * SYMBOLS])
def test_another_use_keeps_the_fading_and_draws_noise_of_its_own(channel, k):
    first = noise_of(channel)
    second = channel.draw_again(first, k, rng=stream(1, "again"))
    assert set(second) == set(first)
    assert set(channel.lasting) <= set(first)
    for name, value in second.items():
        if name in channel.lasting:
            assert torch.equal(value, first[name])
        elif value.numel():
            assert not torch.isclose(value.flatten(1)[:, :1], first[name].flatten(1)[:, :1]).any()
    assert channel(symbols(k=k), second, snr_db=SNR_DB).shape == (BATCH, k)
