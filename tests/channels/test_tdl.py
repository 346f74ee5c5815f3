"""tdl and cdl: the power of H, frequency, time, antennas, and what knowing H is worth."""

import numpy as np
import pytest
import torch
from multipath import BOTH, both, power, qpsk, responses
from scipy.special import j0

from semvet.channels import TDL
from semvet.errors import ConfigError
from semvet.randomness import stream
from semvet.units import linear_to_db


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
