"""Sionna behind tdl and cdl: its own OFDM channel as the oracle, purity, absence."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from multipath import BOTH, both, qpsk, responses
from sionna.phy import config
from sionna.phy.channel import ApplyOFDMChannel, OFDMChannel, cir_to_ofdm_channel
from sionna.phy.ofdm import ResourceGrid
from typer.testing import CliRunner

from semvet.channels import CHANNELS, TDL
from semvet.cli.app import app
from semvet.errors import ConfigError
from semvet.randomness import stream


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
