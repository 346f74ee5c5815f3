"""tdl and cdl: the power of H, Sionna's own OFDM channel as the oracle, pilots, purity, absence."""

import subprocess
import sys
from math import sqrt

import numpy as np
import pytest
import torch
from scipy.special import j0
from sionna.phy import config
from sionna.phy.channel import ApplyOFDMChannel, OFDMChannel, cir_to_ofdm_channel
from sionna.phy.ofdm import LSChannelEstimator, PilotPattern, ResourceGrid
from typer.testing import CliRunner

from semvet.channels import CDL, CHANNELS, TDL
from semvet.channels.propagation.ofdm import OFDM
from semvet.cli.app import app
from semvet.errors import ConfigError
from semvet.randomness import complex_normal, stream
from semvet.units import linear_to_db, noise_power

BOTH = {"tdl": TDL, "cdl": CDL}
both = pytest.mark.parametrize("make", BOTH.values(), ids=BOTH)


def power(x):
    return float(x.abs().square().mean(dtype=torch.float64))


def responses(channel, images, *, seed=0, symbols=1):
    return channel.draw(images, symbols, rng=stream(seed, "h"))["h"]


def qpsk(batch, k):
    """Unit-power symbols and the quadrants they are in."""
    x = complex_normal((batch, k), rng=stream(0, "x"))
    return torch.complex(x.real.sign(), x.imag.sign()) / sqrt(2)


def sionna_channel(channel, length):
    """Sionna's own OFDM channel around the same channel model, on a grid of `length` symbols."""
    channel.draw(1, 1, rng=stream(0, "make"))
    subcarriers, spacing = channel.ofdm.subcarriers, channel.responses.spacing
    prefix = subcarriers * 144 // 2048
    grid = ResourceGrid(length, subcarriers, spacing, cyclic_prefix_length=prefix)
    model = channel.responses.models["cpu"]
    return OFDMChannel(model, grid, return_channel=True, precision="single", device="cpu")


def as_in(rng):
    """Sionna goes on where `rng` is. The fixture below puts its generator back."""
    config.torch_rng("cpu").set_state(rng.get_state())


@pytest.fixture(autouse=True)
def _same_sionna_afterwards():
    before = config.torch_rng("cpu").get_state()
    yield
    config.torch_rng("cpu").set_state(before)


# power


@pytest.mark.parametrize("model", "ABCDE")
@both
def test_the_measured_snr_is_the_asked_one_within_a_tenth_of_a_decibel(make, model):
    images = 20_000 if make is TDL else 3_000
    channel = make(model=model, delay_spread_ns=1000.0)  # many independent gains in every image
    noise = channel.draw(images, 144, rng=stream(0, "power"))
    x = qpsk(images, 144)
    silent = channel.propagate(torch.zeros_like(x), noise, snr_db=7.0)
    signal = channel.propagate(x, noise, snr_db=7.0) - silent
    assert linear_to_db(power(signal) / power(silent)) == pytest.approx(7.0, abs=0.1)
    assert linear_to_db(power(signal)) == pytest.approx(0.0, abs=0.1)
    assert linear_to_db(power(noise["h"])) == pytest.approx(0.0, abs=0.1)


@both
def test_images_keep_their_own_power(make):
    per_image = responses(make(), 200).abs().square().mean(dim=(1, 2, 3))
    assert per_image.std() > 0.1


@both
def test_every_antenna_has_unit_power(make):
    h = responses(make(receive_antennas=4, delay_spread_ns=1000.0), 2_000)
    assert h.shape[1] == 4
    for antenna in h.unbind(1):
        assert linear_to_db(power(antenna)) == pytest.approx(0.0, abs=0.15)


# Sionna as the oracle


@pytest.mark.parametrize("speed_m_s", [0.0, 100.0])
@pytest.mark.parametrize("antennas", [1, 3])
@both
def test_the_grid_is_received_as_through_sionnas_ofdm_channel(make, antennas, speed_m_s):
    length, subcarriers, images = 4, 128, 300  # 300: more than are drawn at once
    channel = make(
        subcarriers=subcarriers, receive_antennas=antennas, speed_m_s=speed_m_s,
        model="D", spacing_khz=15.0,
    )  # fmt: skip
    theirs = sionna_channel(channel, length)
    x = qpsk(images, length * subcarriers)
    noise = channel.draw(images, x.shape[1], rng=stream(0, "channel"))
    y = channel.propagate(x, noise, snr_db=200.0).reshape(images, 1, antennas, length, -1)

    as_in(stream(0, "channel"))
    parts = [theirs(part.reshape(-1, 1, 1, length, subcarriers)) for part in x.split(256)]
    their_y, their_h = (torch.cat(part) for part in zip(*parts, strict=True))
    close = {"atol": 2e-5, "rtol": 1e-4}
    torch.testing.assert_close(
        noise["h"].expand(-1, -1, length, -1), their_h[:, 0, :, 0, 0], **close
    )
    torch.testing.assert_close(y, their_y, **close)
    apply = ApplyOFDMChannel(precision="single", device="cpu")
    again = apply(x.reshape(-1, 1, 1, length, subcarriers), noise["h"][:, None, :, None, None])
    torch.testing.assert_close(y, again, **close)


@both
def test_the_response_is_sionnas_of_the_same_impulse_response(make):
    channel = make(receive_antennas=2)
    h = channel.draw(20, 1, rng=stream(0, "cir"))["h"]
    as_in(stream(0, "cir"))
    a, tau = channel.responses.models["cpu"](20, 1, 1.0)
    f = (torch.arange(72) - 36) * 30e3
    torch.testing.assert_close(h, cir_to_ofdm_channel(f, a, tau)[:, 0, :, 0, 0])
    assert torch.equal(tau, tau[:1].expand_as(tau))  # why one image's delays do for all


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


# frequency and time


def test_subcarriers_are_related_as_the_power_delay_profile_says():
    measured = []
    for spread in (30.0, 300.0, 1000.0):
        channel = TDL(delay_spread_ns=spread)
        h = responses(channel, 8_000)[:, 0, 0]
        model = channel.responses.models["cpu"]
        for apart in (4, 30):
            relation = (h[:, apart:] * h[:, :-apart].conj()).mean()
            turns = apart * 30e3 * model.delays
            expected = (model.mean_powers * torch.exp(-2j * torch.pi * turns)).sum()
            assert abs(relation - expected) < 0.04
        measured.append(abs(relation))
    assert measured[0] > 0.9 > 0.8 > measured[1] > measured[2]


def test_no_delay_spread_is_a_flat_rayleigh_gain():
    h = responses(TDL(delay_spread_ns=0.0), 20_000)[:, 0, 0]
    torch.testing.assert_close(h, h[:, :1].expand_as(h))
    gain = h[:, 0].abs().square()
    for x in (0.1, 0.5, 1.0, 2.0):
        assert float((gain < x).float().mean()) == pytest.approx(1 - np.exp(-x), abs=0.015)


def test_motion_turns_the_response_by_the_doppler_effect():
    speed, carrier = 50.0, 3.5e9
    channel = TDL(speed_m_s=speed, delay_spread_ns=1000.0)
    h = responses(channel, 4_000, symbols=72 * 20)[:, 0]
    for apart in (5, 19):
        seconds = apart * (1 + 144 / 2048) / 30e3
        expected = j0(2 * np.pi * speed * carrier / 299_792_458 * seconds)  # Jakes
        assert abs((h[:, apart] * h[:, 0].conj()).mean() - expected) < 0.03


def test_another_use_of_a_moving_channel_may_be_longer():
    channel = TDL(speed_m_s=50.0)
    first = channel.draw(3, 100, rng=stream(0, "first"))
    second = channel.draw_again(first, 300, rng=stream(0, "second"))
    x = qpsk(3, 300)
    y = channel.propagate(x, second, snr_db=200.0)
    torch.testing.assert_close(y[:, 288:], (x * first["h"][:, 0, 1].repeat(1, 5)[:, :300])[:, 288:])


def test_neighbouring_antennas_are_related_in_cdl_only():
    relation = []
    for make in BOTH.values():
        h = responses(make(receive_antennas=2, delay_spread_ns=1000.0), 1_000)
        relation.append(abs((h[:, 0] * h[:, 1].conj()).mean()))
    assert relation[0] < 0.05 < 0.3 < relation[1]


# grid and pilots


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


@pytest.mark.parametrize("equalizer", ["mmse", "zf"])
@both
def test_knowing_the_channel_beats_pilots_and_pilots_beat_nothing(make, equalizer):
    x = qpsk(1_000, 98)
    errors, misses = [], []
    for csi in ("perfect", "pilots", "none"):
        channel = make(csi=csi, equalizer=equalizer)
        noise = channel.draw(1_000, 98, rng=stream(0, "channel"))
        x_hat = channel(x, noise, snr_db=12.0)
        wrong = (x_hat.real.sign() != x.real.sign()) | (x_hat.imag.sign() != x.imag.sign())
        misses.append(float(wrong.float().mean()))
        errors.append(float((x_hat - x).abs().square().mean(dim=1).median()))
    assert errors == sorted(errors)
    assert misses == sorted(misses)
    assert 1.05 * errors[0] < errors[1] < 0.5 * errors[2]
    assert misses[2] > 0.5


def test_pilots_of_a_moving_channel_age():
    def error(speed):
        channel = TDL(csi="pilots", speed_m_s=speed)
        noise = channel.draw(200, 72 * 10, rng=stream(0, "channel"))
        return power(channel(qpsk(200, 720), noise, snr_db=20.0) - qpsk(200, 720))

    assert error(0.0) < 0.5 * error(100.0)


def test_antennas_that_nobody_can_combine_are_refused_with_the_way_out():
    with pytest.raises(ConfigError) as error:
        TDL(csi="none", receive_antennas=2)
    for part in ("channel.csi", "2 antennas", "receive_antennas to 1", "'pilots'"):
        assert part in str(error.value)


def test_capacity_is_that_of_the_elements_in_use():
    ofdm = OFDM(8, 2, "pilots", "mmse", 2)
    noise = ofdm.draw(complex_normal((3, 2, 1, 8), rng=stream(0, "h")), 6, rng=stream(0, "n"))
    used = noise["h"][:, :, 0, [1, 3, 5, 7, 0, 1]].abs().square().sum(dim=1)
    expected = torch.log2(1 + 10 * used).mean(dim=1)
    torch.testing.assert_close(ofdm.capacity(noise, snr_db=10.0), expected)
    flat = TDL(csi="none")
    noise = flat.draw(3, 6, rng=stream(0, "n"))
    torch.testing.assert_close(flat.capacity(noise, snr_db=10.0), torch.full((3,), np.log2(11.0)))


# purity


@both
def test_a_draw_takes_from_its_stream_and_leaves_everything_else_alone(make):
    channel, rng = make(), stream(0, "channel")
    own, numbers = config.torch_rng("cpu").get_state(), np.random.get_state()[1].copy()
    seed, state, drawn_from = config.seed, torch.get_rng_state(), rng.get_state()
    first, second = (channel.draw(2, 5, rng=rng)["h"] for _ in range(2))
    assert not torch.isclose(first, second).any()
    assert not torch.equal(rng.get_state(), drawn_from)
    assert torch.equal(config.torch_rng("cpu").get_state(), own)
    assert torch.equal(torch.get_rng_state(), state)
    assert config.seed == seed
    assert (np.random.get_state()[1] == numbers).all()
    config.torch_rng("cpu").manual_seed(1)  # what Sionna does otherwise is no matter either
    torch.testing.assert_close(make().draw(2, 5, rng=stream(0, "channel"))["h"], first)


@both
def test_a_draw_is_the_same_in_autocast_and_in_evaluation(make):
    plain = responses(make(), 3)
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        channel = make()
        assert torch.equal(responses(channel, 3), plain)
    x = qpsk(3, 9).requires_grad_()  # Sionna's objects were made in inference mode
    channel(x, channel.draw(3, 9, rng=stream(0, "n")), snr_db=5.0).abs().sum().backward()
    assert x.grad.isfinite().all()


SCRIPT = """
import random, sys
import numpy as np, torch
import semvet, semvet.channels, semvet.catalog
assert "sionna" not in sys.modules
torch.manual_seed(3); random.seed(3); np.random.seed(3)
before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
channel = semvet.channels.TDL()
assert "sionna" in sys.modules
assert torch.equal(torch.get_rng_state(), before[0])
assert random.getstate() == before[1]
assert (np.random.get_state()[1] == before[2]).all()
"""


def test_sionna_is_imported_by_the_first_such_channel_and_reseeds_nothing():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


# absence


@pytest.fixture
def _without_sionna(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "sionna"]:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("_without_sionna")
@pytest.mark.parametrize("name", BOTH)
def test_without_sionna_the_error_says_what_to_install(name):
    with pytest.raises(ConfigError) as error:
        CHANNELS[name]()
    for part in (f"'{name}' needs Sionna", 'pip install "semvet[phy]"', "'rayleigh'"):
        assert part in str(error.value)


@pytest.mark.usefixtures("_without_sionna")
def test_without_sionna_a_run_ends_in_that_error_and_no_traceback():
    done = CliRunner().invoke(app, ["run", "quickstart", "channel=tdl"])
    assert done.exit_code == 2
    assert 'pip install "semvet[phy]"' in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_sionna_of_before_pytorch_is_refused(monkeypatch):
    monkeypatch.setattr("sionna.phy.config", object())
    with pytest.raises(ConfigError, match="too old"):
        TDL()
