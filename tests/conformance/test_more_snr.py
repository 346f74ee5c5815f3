"""After a short training over every channel: more SNR is never worse, beyond noise."""

from itertools import pairwise

import pytest
import torch
from every_system import VARIANTS, make_link

from semvet.attacks import NoAttack
from semvet.channels import CHANNELS
from semvet.config import TrainingPlan
from semvet.data import Mnist
from semvet.evaluation.sending import transmit
from semvet.learning import train
from semvet.metrics.psnr import psnr_db
from semvet.systems import Transceiver
from semvet.training.engine import Engine
from semvet.types import Pairs, to_images

SNRS_DB = (5.0, 10.0, 15.0, 20.0, 25.0)
SLACK_DB = 0.05


@pytest.fixture(scope="module")
def digits():
    return Mnist(source="sample").load()


@pytest.mark.slow
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_more_snr_is_never_worse(variant, channel, digits):
    over = CHANNELS[channel]()
    link = make_link(variant, (1, 28, 28), over, snr_spread_db=10.0)
    pixels = digits.train.pixels[:1500]
    level = torch.zeros(len(pixels), dtype=torch.int64)
    engine = Engine(
        link, NoAttack(to_images(pixels[:16])), Pairs(pixels, pixels, level, level),
        TrainingPlan(epochs=3, batch=32), seed=0, device=torch.device("cpu"), precision="fp32",
    )  # fmt: skip
    train(engine, device=torch.device("cpu"))
    x = to_images(digits.test.pixels[:300])
    quality = []
    for snr_db in SNRS_DB:
        at = Transceiver(link.system, over, snr_db=snr_db).eval()
        quality.append(psnr_db(transmit(at, x, seed=0, purpose="test"), x))
    for worse, better in pairwise(quality):
        gain = better - worse
        assert gain.mean() > -SLACK_DB - 3 * gain.std() / len(x) ** 0.5
    assert (quality[-1] - quality[0]).mean() > 0
