"""identity and separate: nothing learned, or next to nothing."""

from io import BytesIO

import pytest
import torch
from PIL import Image

from semvet.attacks import BASS, NoAttack
from semvet.channels import AWGN, Rayleigh
from semvet.config import TrainingPlan
from semvet.data import Mnist
from semvet.learning import train
from semvet.metrics.psnr import psnr_db
from semvet.randomness import stream
from semvet.systems import Identity, Separate, Transceiver
from semvet.systems.separate import encode, header_size
from semvet.training.engine import Engine
from semvet.types import ImageShape, Pairs, to_images

GREY, COLOUR = ImageShape(1, 28, 28), ImageShape(3, 32, 32)


@pytest.fixture(scope="module")
def digits():
    return Mnist(source="sample").load().test.pixels[:24]


def received(system, x, *, snr_db=25.0, channel=None):
    link = Transceiver(system, channel or AWGN(), snr_db=snr_db).eval()
    with torch.no_grad():
        return link(x, rng=stream(0, "n"))


def engine(system, pixels, attack=NoAttack, **plan):
    targets = to_images(pixels[:16])
    level = torch.zeros(len(pixels), dtype=torch.int64)
    pairs = attack(targets).poison(Pairs(pixels, pixels, level, level), rng=stream(0, "p"))
    return Engine(
        Transceiver(system, AWGN(), snr_db=25.0), attack(targets), pairs,
        TrainingPlan(**{"epochs": 2, "batch": 8} | plan), seed=0, device=torch.device("cpu"),
        precision="fp32",
    )  # fmt: skip


def test_identity_receives_what_is_sent_whatever_the_channel(digits):
    x = to_images(digits)
    assert torch.equal(received(Identity(GREY), x, snr_db=-20.0, channel=Rayleigh()), x)


@pytest.mark.parametrize("attack", [NoAttack, BASS])
def test_a_system_without_parameters_is_trained_in_no_time(digits, attack):
    made = engine(Identity(GREY), digits, attack)
    trained = train(made, device=made.device)
    assert (trained.steps, made.flop_per_step, trained.history) == (0, 0.0, ())


def test_separate_never_spends_more_than_the_channels_capacity(digits):
    for codec in ("webp", "jpeg"):
        system = Separate(GREY, codec=codec)
        for budget in (40, 80, 160):
            for pixels in digits[:4]:
                best = system._received(pixels / 255, budget)
                if best is None:
                    file = encode(pixels.permute(1, 2, 0).numpy(), codec, quality=1)
                    assert len(file) - header_size(file, codec) > budget
    # 98 symbols of log2(1 + 10^2.5) = 8.309 bits are 101 bytes
    assert int(98 * AWGN().capacity({"n": torch.zeros(1, 98) + 0j}, snr_db=25.0) / 8) == 101


@pytest.mark.parametrize("codec", ["webp", "jpeg"])
def test_headers_are_what_a_format_needs_before_its_data(codec):
    flat = torch.full((32, 32, 3), 90, dtype=torch.uint8).numpy()
    file = encode(flat, codec, quality=50)
    assert 0 < len(file) - header_size(file, codec) < 80  # a flat image has hardly any data
    assert Image.open(BytesIO(file)).size == (32, 32)


def test_more_capacity_gives_a_better_image(digits):
    x = to_images(digits)
    quality = [
        float(psnr_db(received(Separate(GREY), x, snr_db=snr), x).mean())
        for snr in (15.0, 25.0, 35.0)
    ]
    assert quality == sorted(quality)
    assert quality[-1] > quality[0] + 3


def test_where_no_file_fits_the_mean_image_is_shown_and_training_learns_it(digits):
    system = Separate(GREY)
    x = to_images(digits)
    assert (received(system, x, snr_db=-20.0) == 0.5).all()
    made = engine(system, digits, epochs=300, learning_rate=0.5, batch=24, clip_norm=1.0)
    train(made, device=made.device)
    mean = system.mean_logit.sigmoid()
    assert (mean - x.mean(dim=0)).abs().max() < 0.03
    assert torch.equal(received(system, x, snr_db=-20.0)[0], mean)


def test_outage_of_every_image_is_no_collapsed_training(digits):
    made = engine(Separate(GREY, bandwidth_ratio=1 / 784), digits)
    assert train(made, device=made.device).steps == 6
    assert (received(Separate(GREY, bandwidth_ratio=1 / 784), to_images(digits)) == 0.5).all()


def test_a_deep_fade_is_an_outage_of_its_own_image(digits):
    x = to_images(digits[:1]).expand(24, -1, -1, -1)
    y = received(Separate(GREY), x, snr_db=18.0, channel=Rayleigh())
    outage = (y == 0.5).flatten(1).all(dim=1)
    assert 0 < outage.sum() < 24


@pytest.mark.parametrize("system", [Identity, Separate])
def test_features_have_mean_power_one(system):
    made = system(COLOUR).transmit(
        torch.rand(3, *COLOUR), AWGN(), AWGN().draw(3, 384, rng=stream(0, "n")), snr_db=10.0
    )
    power = made.features.square().mean(dim=1) * 2
    torch.testing.assert_close(power, torch.ones(3), atol=1e-4, rtol=0)
