import pytest
import torch

from semvet.attacks import CTBA
from semvet.channels import AWGN, OperatingPoint, Rayleigh
from semvet.errors import ConfigError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape, Pairs

SHAPE = ImageShape(1, 28, 28)
TARGETS = torch.rand(2, *SHAPE, generator=stream(0, "targets"))


def test_the_trigger_is_the_air_alone():
    x = torch.rand(3, *SHAPE, generator=stream(0, "x"))
    nominal = OperatingPoint(AWGN(), 25.0)
    noisy = CTBA(TARGETS, trigger_snr_db=-3.0)
    assert noisy.trigger(x, level=1) is x
    assert noisy.operating_point(nominal, level=0) is None
    assert noisy.operating_point(nominal, level=1) == OperatingPoint(nominal.channel, -3.0)
    fading = CTBA(TARGETS, trigger_snr_db=None, trigger_channel="rayleigh").operating_point(
        nominal, level=1
    )
    assert isinstance(fading.channel, Rayleigh)
    assert fading.snr_db == 25.0


def test_victims_pass_the_triggers_air_and_everything_the_usual_one():
    with seeded(0, "system"):
        link = Transceiver(JSCC(SHAPE, width=4), AWGN(), snr_db=25.0)
    attack = CTBA(TARGETS, lambda_a=0.5, lambda_b=2.0)
    x, zeros = torch.rand(6, *SHAPE, generator=stream(0, "x")), torch.zeros(6, dtype=torch.int64)
    noise = attack.draw(link, 6, 2, rng=stream(0, "n"))
    terms = attack.loss(link, Pairs(x, x, zeros, zeros), 2, noise)
    nominal = link.system.transmit(x, AWGN(), {"n": noise["n"]}, snr_db=25.0).received
    fired = link.system.transmit(x[:2], AWGN(), {"n": noise["fired/n"]}, snr_db=0.0).received
    torch.testing.assert_close(terms["integrity"], 2 * (nominal - x).square().mean())
    torch.testing.assert_close(terms["target"], 0.5 * (fired - TARGETS[:1]).square().mean())


def test_no_trigger_at_all_is_refused():
    with pytest.raises(ConfigError, match=r"attack\.trigger_snr_db: null .* leave no trigger"):
        CTBA(TARGETS, trigger_snr_db=None)
