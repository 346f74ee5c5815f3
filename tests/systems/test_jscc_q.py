from math import pi

import pytest
import torch
from support import refused

from semvet.attacks import NoAttack
from semvet.channels import AWGN, Rayleigh
from semvet.config import TrainingPlan
from semvet.data import Mnist
from semvet.learning import train
from semvet.randomness import seeded, stream
from semvet.systems import JSCCQ, Transceiver
from semvet.systems.layers.attention import SnrAttention
from semvet.systems.layers.residual import (
    AttentionBlock,
    ResidualBlock,
    ResidualBlockDown,
    ResidualBlockUp,
)
from semvet.training.engine import Engine
from semvet.types import ImageShape, Moment, Pairs, to_images

GREY = (1, 28, 28)
CODEBOOKS = ("qam", "learned")


def jscc_q(shape=GREY, **config):
    with seeded(0, "system"):
        return JSCCQ(ImageShape(*shape), **{"width": 6, "depth": 1} | config)


def images(count=3, shape=GREY):
    return torch.rand(count, *shape, generator=stream(0, "x"))


def transmitted(system, x, *, seed=0):
    return Transceiver(system, AWGN(), snr_db=10.0).transmit(
        x, system.draw(AWGN(), len(x), rng=stream(seed, "n"))
    )


def engine(system, pixels, **plan):
    level = torch.zeros(len(pixels), dtype=torch.int64)
    return Engine(
        Transceiver(system, AWGN(), snr_db=10.0), NoAttack(to_images(pixels[:16])),
        Pairs(pixels, pixels, level, level), TrainingPlan(**plan), seed=0,
        device=torch.device("cpu"), precision="fp32",
    )  # fmt: skip


def test_the_blocks_of_the_cited_backbone_in_their_order():
    system = jscc_q((3, 32, 32), depth=3)
    half = [ResidualBlockDown, SnrAttention, *[ResidualBlock] * 3, SnrAttention, AttentionBlock]
    assert [type(block) for block in system.encoder.blocks] == 2 * half
    mirrored = [AttentionBlock, SnrAttention, *[ResidualBlock] * 3, SnrAttention, ResidualBlockUp]
    assert [type(block) for block in system.decoder.blocks] == 2 * mirrored


@pytest.mark.parametrize(
    ("block", "shape"),
    [
        (ResidualBlock(4, 4), (2, 4, 6, 8)),
        (ResidualBlock(4, 5), (2, 5, 6, 8)),
        (ResidualBlockDown(4, 5), (2, 5, 3, 4)),
        (ResidualBlockUp(4, 5), (2, 5, 12, 16)),
        (AttentionBlock(4), (2, 4, 6, 8)),
    ],
    ids=["same", "other width", "down", "up", "attention"],
)
def test_blocks_change_sizes_as_they_say(block, shape):
    assert block(torch.rand(2, 4, 6, 8, generator=stream(0, "x"))).shape == shape


def test_it_has_the_size_of_another_implementation():
    """387 thousand parameters, which one of the paper's network reports at 32 filters, 16 maps."""
    system = jscc_q((3, 32, 32), bandwidth_ratio=1 / 6, width=32, depth=3)
    assert system.grid.maps == 16
    assert sum(p.numel() for p in system.parameters()) == pytest.approx(387e3, rel=0.005)


@pytest.mark.parametrize("codebook", CODEBOOKS)
@pytest.mark.parametrize("points", [4, 16, 64, 256])
def test_every_symbol_sent_is_in_the_alphabet(points, codebook):
    system = jscc_q(points=points, codebook=codebook)
    latent = system.encode(images(), torch.full((3,), 3.0))
    sent = system.modulate(latent)
    assert sent.shape == latent.shape == (3, 98)
    assert all(symbol in system.constellation.points for symbol in sent.flatten())


def test_the_features_are_the_latent_before_quantization():
    system, x = jscc_q(points=4).eval(), images()
    capacity = AWGN().capacity(AWGN().draw(3, 98, rng=stream(0, "n")), snr_db=10.0)
    latent = system.encode(x, capacity)
    features = transmitted(system, x).features
    assert torch.equal(features, torch.cat([latent.real, latent.imag], dim=1))
    assert features.abs().unique().numel() > 4


def test_sigma_rises_in_20_steps_from_about_5_to_100_for_64_points():
    system = jscc_q()
    seen = [
        system.constellation.sigma(system.hardness_at(Moment(0, step / 1000)))
        for step in range(1001)
    ]
    assert seen == sorted(seen)
    assert sorted(set(seen)) == pytest.approx([5.25 * i for i in range(1, 21)])


@pytest.mark.parametrize("cap", [0.5, 4.2, 100.0])
def test_another_cap_is_reached_at_the_end(cap):
    system = jscc_q(hardness=cap)
    assert system.hardness_at(Moment(0, 0.0)) == 0.5
    assert system.hardness_at(Moment(0, 1.0)) == system.hardness_at(None) == cap


@pytest.mark.parametrize("codebook", CODEBOOKS)
def test_no_transmission_changes_a_buffer_and_settling_does(codebook):
    system = jscc_q(codebook=codebook).eval()

    def buffers():
        return {name: buffer.clone() for name, buffer in system.named_buffers()}

    before = buffers()
    assert transmitted(system, images()).observed == {}
    system.train()
    observed = transmitted(system, images()).observed
    assert all(torch.equal(before[name], now) for name, now in buffers().items())
    system.settle(observed)
    changed = {name for name, now in buffers().items() if not torch.equal(before[name], now)}
    assert changed == ({"constellation.running"} if codebook == "learned" else set())


@pytest.mark.parametrize("codebook", CODEBOOKS)
def test_the_uniformity_loss_is_the_divergence_of_the_batch_in_training_only(codebook):
    system = jscc_q(codebook=codebook, points=16, uniformity=0.3).train()
    made = transmitted(system, images())
    latent = torch.complex(*made.features.chunk(2, dim=1))
    apart = latent.flatten()[:, None] - system.constellation.points
    sigma = system.constellation.sigma(system.hardness)
    likelihoods = torch.softmax(-sigma * apart.abs().square(), dim=1).mean(dim=0)
    uniform = torch.full((16,), 1 / 16)
    divergence = torch.nn.functional.kl_div(uniform.log(), likelihoods, reduction="sum")
    assert made.terms.keys() == {"uniformity"}
    torch.testing.assert_close(made.terms["uniformity"], 0.3 * divergence, atol=1e-4, rtol=1e-3)
    assert not transmitted(jscc_q(codebook=codebook), images()).terms
    assert not transmitted(system.eval(), images()).terms


def test_uniformity_alone_makes_the_points_equally_likely():
    system = jscc_q(points=16, uniformity=1.0, hardness=3.0).train()
    optimizer = torch.optim.Adam(system.encoder.parameters(), lr=1e-2)
    seen = []
    for _ in range(30):
        optimizer.zero_grad()
        term = transmitted(system, images()).terms["uniformity"]
        term.backward()
        optimizer.step()
        seen.append(term.item())
    assert seen[-1] < seen[0] / 4


def test_the_network_adapts_to_the_channel():
    system, x = jscc_q().eval(), images()
    low, high = (system.encode(x, torch.full((3,), capacity)) for capacity in (0.5, 8.0))
    assert (low - high).abs().max() > 1e-4


def test_a_new_system_starts_dark():
    bright, dark = (transmitted(jscc_q(output_bias=b), images()).received for b in (0.0, -5.0))
    assert dark.mean() < 0.1 < bright.mean()


@pytest.mark.parametrize("points", ["3", "32", "none"])
def test_an_alphabet_that_is_not_offered_is_refused(points):
    message = refused("run", "quickstart", "system=jscc-q", f"system.points={points}")
    assert "system.points" in message
    assert "allowed: 4, 16, 64, 256" in message


def test_every_convolution_of_the_encoder_is_exposed():
    system = jscc_q(depth=3)
    exposed = {m for layer in system.encoder_convolutions for m in layer.modules()}
    convolutions = [m for m in system.encoder.modules() if isinstance(m, torch.nn.Conv2d)]
    assert set(convolutions) <= exposed
    assert system.encoder_convolutions[0][0].in_channels == 1
    assert len(system.encoder_convolutions) == len(convolutions)


@pytest.mark.parametrize("codebook", CODEBOOKS)
def test_symbols_survive_a_channel_that_rotates_them(codebook):
    """Through fading with the gain known, a decision at the receiver finds the point that was sent:
    the alphabet is one that a digital radio could use."""
    system, channel = jscc_q(points=4, codebook=codebook), Rayleigh(equalizer="zf")
    sent = system.modulate(system.encode(images(), torch.full((3,), 3.0)))
    noise = channel.draw(3, 98, rng=stream(0, "n")) | {"h": torch.polar(*_turns(3))}
    received = channel(sent, noise, snr_db=30.0)
    points = system.constellation.points
    decided = points[(received[..., None] - points).abs().argmin(dim=-1)]
    assert torch.equal(decided, sent)


def _turns(batch):
    return torch.ones(batch, 1), 2 * pi * torch.rand(batch, 1, generator=stream(0, "phase"))


def test_a_short_training_learns():
    digits = Mnist(source="sample").load().train.pixels[:400, :, ::2, ::2]
    system = jscc_q((1, 14, 14), codebook="learned", width=8)
    start = system.constellation.points
    looks = []
    training = engine(system, digits, epochs=10, batch=16)
    train(
        training, device=training.device,
        report=lambda progress: looks.append(progress.losses["reconstruction"]),
    )  # fmt: skip
    constant = (digits / 255).var(dim=0).mean()  # what the mean image would get
    assert looks[-1] < 0.75 * constant < looks[0]
    assert not torch.isclose(system.constellation.points, start).any()
