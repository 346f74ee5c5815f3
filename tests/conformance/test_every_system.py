"""What must hold for every learned system over every channel."""

import pytest
import torch

from semvet.channels import CHANNELS
from semvet.randomness import seeded, stream
from semvet.systems import SYSTEMS, OneShotLink
from semvet.types import ImageShape

SHAPES = {"grey 28": (1, 28, 28), "colour 32": (3, 32, 32)}


@pytest.fixture(params=SYSTEMS, ids=str)
def system_name(request):
    return request.param


@pytest.fixture(params=CHANNELS, ids=str)
def channel(request):
    return CHANNELS[request.param]()


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def shape(request):
    return request.param


@pytest.fixture
def link(system_name, channel, shape):
    with seeded(0, "system"):
        system = SYSTEMS[system_name](ImageShape(*shape))
    return OneShotLink(system, channel, snr_db=15.0)


@pytest.fixture
def x(shape):
    return torch.rand(4, *shape, generator=stream(0, "x"))


def test_images_come_out_in_their_own_shape_within_0_and_1(link, x):
    y = link(x, rng=stream(0, "n"))
    assert y.shape == x.shape
    assert 0 <= y.min() <= y.max() <= 1


def test_mean_power_is_one_for_each_image(link, x):
    power = link.system.encode(x).abs().square().mean(dim=1)
    torch.testing.assert_close(power, torch.ones(len(x)), atol=1e-4, rtol=0)


def test_every_trainable_parameter_gets_a_gradient(link, x):
    link(x, rng=stream(0, "n")).square().mean().backward()
    for name, parameter in link.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_same_stream_same_output(link, x):
    a, b, c = (link(x, rng=stream(seed, "n")) for seed in (0, 0, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_an_output_does_not_change_with_its_batch_mates(link, x):
    noise = link.draw(len(x), rng=stream(0, "n"))
    whole = link.transmit(x, noise).received
    bright = torch.cat([x[:1], torch.ones_like(x[1:])])
    torch.testing.assert_close(link.transmit(bright, noise).received[0], whole[0])


def test_a_step_is_a_pure_function_of_parameters_images_and_noise(link, x):
    noise = link.draw(len(x), rng=stream(0, "n"))
    first = link.transmit(x, noise)
    link(x, rng=stream(1, "other"))
    again = link.transmit(x, noise)
    assert torch.equal(first.received, again.received)
