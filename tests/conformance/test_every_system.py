"""What must hold for every learned system over every channel."""

import pytest
import torch
from every_system import CONFIGS, REFERENCE_LINES, VARIANTS, make_link

from semvet.channels import AWGN, CHANNELS
from semvet.randomness import stream
from semvet.systems import SYSTEMS, OneShotSystem, Transceiver
from semvet.types import ImageShape

SHAPES = {"grey 28": (1, 28, 28), "colour 32": (3, 32, 32)}


@pytest.fixture(params=VARIANTS, ids=str)
def variant(request):
    return request.param


@pytest.fixture(params=CHANNELS, ids=str)
def channel(request):
    return CHANNELS[request.param]()


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def shape(request):
    return request.param


@pytest.fixture
def link(variant, channel, shape):
    return make_link(variant, shape, channel).eval()


@pytest.fixture
def x(shape):
    return torch.rand(4, *shape, generator=stream(0, "x"))


def rows_of(noise, rows):
    return {name: value[rows] if value.ndim else value for name, value in noise.items()}


def test_every_system_is_tested_here():
    assert {*CONFIGS, *REFERENCE_LINES} == {*SYSTEMS}


def test_images_come_out_in_their_own_shape_within_0_and_1(link, x):
    y = link(x, rng=stream(0, "n"))
    assert y.shape == x.shape
    assert 0 <= y.min() <= y.max() <= 1


def test_the_features_have_mean_power_one_for_each_image(link, x):
    made = link.transmit(x, link.draw(len(x), rng=stream(0, "n")))
    uses = made.uses if made.uses is not None else torch.full((len(x),), link.system.symbols)
    power = made.features.square().sum(dim=1) / uses
    torch.testing.assert_close(power, torch.ones(len(x)), atol=1e-4, rtol=0)


def test_every_trainable_parameter_gets_a_gradient(link, x):
    link.train()
    seen = set()
    for phase in range(link.system.phases):
        link.system.schedule(phase, 0.5)
        link.zero_grad()
        made = link.transmit(x, link.draw(len(x), rng=stream(0, "n")))
        loss = torch.stack([made.received.square().mean(), *made.terms.values()]).sum()
        loss.backward()
        for name, parameter in link.named_parameters():
            if parameter.grad is not None and parameter.grad.abs().sum() > 0:
                seen.add(name)
    assert seen == {name for name, _ in link.named_parameters()}


def test_a_new_system_is_in_the_state_that_training_ends_in(link, x):
    before = link(x, rng=stream(0, "n"))
    link.system.schedule(0, 0.0)
    link.system.schedule(link.system.phases - 1, 1.0)
    assert torch.equal(link(x, rng=stream(0, "n")), before)
    assert all(parameter.requires_grad for parameter in link.parameters())


def test_same_stream_same_output(link, x):
    a, b, c = (link(x, rng=stream(seed, "n")) for seed in (0, 0, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_an_output_does_not_change_with_its_batch_mates(link, x):
    noise = link.draw(len(x), rng=stream(0, "n"))
    whole = link.transmit(x, noise).received
    bright = torch.cat([x[:1], torch.ones_like(x[1:])])
    torch.testing.assert_close(link.transmit(bright, noise).received[0], whole[0])
    alone = link.transmit(x[:1], rows_of(noise, slice(1))).received
    torch.testing.assert_close(alone, whole[:1], atol=1e-4, rtol=1e-3)


def test_a_step_is_a_pure_function_of_parameters_images_and_noise(link, x):
    noise = link.draw(len(x), rng=stream(0, "n"))
    first = link.transmit(x, noise)
    link(x, rng=stream(1, "other"))
    again = link.transmit(x, noise)
    assert torch.equal(first.received, again.received)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 30, 45), (3, 64, 64)])
@pytest.mark.parametrize("ratio", [1 / 24, 1 / 12, 1 / 8, 1 / 6, 1 / 5])  # papers: 1/12 ... 2/5
def test_every_ratio_of_the_papers_is_met_on_every_size(variant, shape, ratio):
    name, config = VARIANTS[variant]
    system = SYSTEMS[name](ImageShape(*shape), **config | {"bandwidth_ratio": ratio}).eval()
    x = torch.rand(2, *shape, generator=stream(0, "x"))
    link = Transceiver(system, AWGN(), snr_db=15.0).eval()
    assert link(x, rng=stream(0, "n")).shape == x.shape
    assert system.symbols == int(ratio * x[0].numel() + 1e-9)


def test_the_encoders_convolutions_are_exposed_for_pruning(variant):
    system = make_link(variant, (1, 28, 28)).system
    layers = system.encoder_convolutions
    assert len(layers) >= 3
    for layer in layers:
        assert any(isinstance(module, torch.nn.Conv2d) for module in layer.modules())
    parameters = {id(p) for p in system.parameters()}
    assert all(id(p) in parameters for layer in layers for p in layer.parameters())


def test_bf16_autocast_stays_close(variant, x):
    link = make_link(variant, x.shape[1:]).eval()
    noise = link.draw(len(x), rng=stream(0, "n"))
    exact = link.transmit(x, noise).received
    with torch.autocast("cpu", torch.bfloat16):
        rounded = link.transmit(x, noise).received
    assert (rounded.float() - exact).square().mean() < 1e-2


def test_one_shot_systems_send_what_they_encode(variant, x):
    link = make_link(variant, x.shape[1:]).eval()
    if isinstance(link.system, OneShotSystem):
        latent = link.system.encode(x, torch.full((len(x),), 5.0))
        assert link.system.modulate(latent).shape == latent.shape == (len(x), link.system.symbols)
