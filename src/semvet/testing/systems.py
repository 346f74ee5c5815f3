"""What every system promises: grey images over every channel, colour images over one.

Reference lines (`learned = False`) are held to what they send and receive, not to learning.
"""

import inspect
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from semvet.channels import AWGN, CDL, MIMO, TDL, Channel, Rayleigh, Rician
from semvet.randomness import seeded, stream
from semvet.systems import OneShotSystem, System, Transceiver
from semvet.testing.material import COLOUR, GREY, images, link_of
from semvet.testing.promise import (
    Maker,
    Promise,
    keep,
    named,
    own_randomness,
    promised,
    require_close,
    require_equal,
    require_in_range,
    require_typed_arguments,
)
from semvet.types import Draws, Images, ImageShape, Moment

CHANNELS: tuple[type[Channel], ...] = (AWGN, Rayleigh, Rician, MIMO)
OVER_OFDM: tuple[type[Channel], ...] = (TDL, CDL)  # tried where Sionna is installed
SHAPES = (GREY, COLOUR)
RATIOS = (1 / 24, 1 / 12, 1 / 8, 1 / 6, 1 / 5)  # of the papers: 1/12 ... 2/5 real values
UNUSUAL = (ImageShape(3, 30, 45), ImageShape(3, 64, 64))
BATCH = 4


def check_system(plug_in: Maker[System], /, **arguments: Any) -> None:
    """Args:
    plug_in: the class, or a function of the image's shape.
    arguments: of the class, where its defaults are not to be tried; take a small network.

    Raises:
        AssertionError: the system, the promise that it breaks, and what was found.
    """
    keep(PROMISES, partial(plug_in, **arguments), what=named(plug_in))


def made(make: Maker[System], shape: ImageShape = GREY) -> System:
    with seeded(0, "system"):
        return make(shape)


def links(make: Maker[System]) -> Iterator[tuple[Transceiver, Images]]:
    """The system in evaluation mode, over whatever it is tried over, and images for it."""
    channels = CHANNELS + (OVER_OFDM if find_spec("sionna") else ())
    yield link_of(made(make, COLOUR)).eval(), images(BATCH, "x", COLOUR)
    for channel in channels:
        yield link_of(made(make), channel()).eval(), images(BATCH, "x")


def drawn(link: Transceiver, batch: int = BATCH) -> Draws:
    return link.draw(batch, rng=stream(0, "n"))


def rows(noise: Draws, which: slice) -> Draws:
    return {name: value[which] if value.ndim else value for name, value in noise.items()}


def its_arguments_are_keyword_only_and_typed(make: Maker[System]) -> None:
    system = made(make)
    promised(isinstance(system, System), "it is no semvet.systems.System")
    require_typed_arguments(system)


def it_says_its_shape_and_how_many_symbols_it_sends(make: Maker[System]) -> None:
    for shape in SHAPES:
        system = made(make, shape)
        promised(tuple(system.shape) == tuple(shape), f"shape is {system.shape}, not {shape}")
        promised(system.symbols >= 1, f"symbols is {system.symbols}")
        promised(system.phases >= 1, f"phases is {system.phases}")


def a_bandwidth_ratio_is_met_to_the_symbol(make: Maker[System]) -> None:
    """k = floor(ratio n) complex symbols, n pixel values; for systems with such an argument."""
    if "bandwidth_ratio" not in inspect.signature(make).parameters:
        return
    for shape in SHAPES:
        for ratio in RATIOS:
            system = made(partial(make, bandwidth_ratio=ratio), shape).eval()
            wanted = int(ratio * shape.pixels + 1e-9)
            found = f"{system.symbols} symbols at k/n {ratio:.3g} of {shape.pixels} values"
            promised(system.symbols == wanted, f"{found}, not {wanted}")
            x = images(1, "x", shape)
            require_in_range(link_of(system)(x, rng=stream(0, "n")), tuple(x.shape), found)


def images_come_out_in_their_own_shape_within_0_and_1(make: Maker[System]) -> None:
    for link, x in links(make):
        require_in_range(link(x, rng=stream(0, "n")), tuple(x.shape), "what is received")
    for shape in UNUSUAL:
        link, x = link_of(made(make, shape)).eval(), images(2, "x", shape)
        require_in_range(link(x, rng=stream(0, "n")), tuple(x.shape), "what is received")


def features_have_mean_power_1_for_each_image(make: Maker[System]) -> None:
    for link, x in links(make):
        sent = link.transmit(x, drawn(link))
        k = torch.full((BATCH,), link.system.symbols)
        power = sent.features.square().sum(dim=1) / (k if sent.uses is None else sent.uses)
        found = f"it is {[round(p, 4) for p in power.tolist()]} per complex symbol"
        require_close(power, torch.ones(BATCH), found, atol=1e-4, rtol=0.0)


def a_step_is_a_pure_function_of_parameters_images_and_noise(make: Maker[System]) -> None:
    for link, x in links(make):
        noise = drawn(link)
        with own_randomness():
            first = link.transmit(x, noise).received
        link(x, rng=stream(1, "other"))
        require_equal(link.transmit(x, noise).received, first, "a second time it is another image")


def the_same_stream_gives_the_same_images(make: Maker[System]) -> None:
    for link, x in links(make):
        first, second = (link(x, rng=stream(0, "n")) for _ in range(2))
        require_equal(first, second, "the same stream gives other images")


def an_image_ignores_its_batch_mates(make: Maker[System]) -> None:
    for link, x in links(make):
        noise = drawn(link)
        whole = link.transmit(x, noise).received
        bright = torch.cat([x[:1], torch.ones_like(x[1:])])
        beside = link.transmit(bright, noise).received[:1]
        require_close(beside, whole[:1], "beside bright images it is received in another way")
        alone = link.transmit(x[:1], rows(noise, slice(1))).received
        otherwise = "alone in its batch it is received in another way"
        require_close(alone, whole[:1], otherwise, atol=1e-4, rtol=1e-3)


def training_reaches_every_parameter(make: Maker[System]) -> None:
    for link, x in links(make):
        if not link.system.learned:
            return
        link.train()
        reached = {name for phase in range(link.system.phases) for name in _reached(link, x, phase)}
        missing = {name for name, p in link.named_parameters() if p.requires_grad} - reached
        promised(not missing, f"no gradient for {', '.join(sorted(missing))}")


def _reached(link: Transceiver, x: Images, phase: int) -> set[str]:
    link.zero_grad()
    sent = link.during(Moment(phase, 0.5)).transmit(x, drawn(link))
    torch.stack([sent.received.square().mean(), *sent.terms.values()]).sum().backward()
    return {
        name
        for name, parameter in link.named_parameters()
        if parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
    }


def a_gradient_reaches_the_image(make: Maker[System]) -> None:
    """Triggers are learned through the system."""
    for link, x in links(make):
        if not link.system.learned:
            return
        wanted = x.clone().requires_grad_()
        link.transmit(wanted, drawn(link)).received.square().sum().backward()
        promised(wanted.grad is not None, "none does")
        gradient = wanted.grad if wanted.grad is not None else wanted
        promised(bool(gradient.isfinite().all()), "it is NaN or infinite")
        promised(bool((gradient != 0).any()), "it is 0 everywhere")


def without_a_moment_it_is_what_training_ends_with(make: Maker[System]) -> None:
    for link, x in links(make):
        last = link.during(Moment(link.system.phases - 1, 1.0))
        used = link(x, rng=stream(0, "n"))
        require_equal(last(x, rng=stream(0, "n")), used, "after the last step it is another")


def every_parameter_is_trained_in_some_phase(make: Maker[System]) -> None:
    system = made(make)
    trained = {id(p) for phase in range(system.phases) for p in system.trained_in(phase)}
    missing = [name for name, p in system.named_parameters() if id(p) not in trained]
    promised(not missing, f"`trained_in` leaves out {', '.join(missing)}")


def a_training_step_is_pure(make: Maker[System]) -> None:
    """The same moment gives the same transmission, whatever was transmitted in between."""
    for link, x in links(make):
        link.train()
        noise, moment = drawn(link), Moment(0, 0.25)
        first = link.during(moment).transmit(x, noise)
        link.during(Moment(link.system.phases - 1, 0.75)).transmit(x, noise)
        again = link.during(moment).transmit(x, noise)
        require_equal(again.received, first.received, "at the same moment it is another image")
        for one, other in ((first.terms, again.terms), (first.observed, again.observed)):
            promised(one.keys() == other.keys(), f"{sorted(one)}, then {sorted(other)}")
            for name, value in one.items():
                require_equal(other[name], value, f"{name} is another value a second time")
        link.system.settle(first.observed)


def the_encoders_convolutions_are_its_own(make: Maker[System]) -> None:
    """Pruning looks at them, in the order in which the encoder calls them."""
    system = made(make)
    own = {id(parameter) for parameter in system.parameters()}
    for i, layer in enumerate(system.encoder_convolutions):
        convolves = any(isinstance(module, nn.Conv2d) for module in layer.modules())
        promised(convolves, f"layer {i} holds no Conv2d: {type(layer).__name__}")
        theirs = all(id(parameter) in own for parameter in layer.parameters())
        promised(theirs, f"layer {i} has parameters that are not the system's")


def bf16_autocast_stays_close(make: Maker[System]) -> None:
    for link, x in links(make):
        noise = drawn(link)
        with torch.no_grad():
            exact = link.transmit(x, noise).received
            with torch.autocast("cpu", torch.bfloat16):
                rounded = link.transmit(x, noise).received
        error = float((rounded.float() - exact).square().mean())
        promised(error < 1e-2, f"its mean squared error to fp32 is {error:.2g}")


def one_shot_systems_send_what_they_encode(make: Maker[System]) -> None:
    system = made(make).eval()
    if not isinstance(system, OneShotSystem):
        return
    latent = system.encode(images(BATCH, "x"), torch.full((BATCH,), 5.0))
    sent = system.modulate(latent)
    wanted = (BATCH, system.symbols)
    promised(latent.shape == sent.shape == wanted, f"{tuple(sent.shape)} is sent, not {wanted}")
    promised(latent.is_complex(), f"latents are {latent.dtype}, not complex symbols")


PROMISES: tuple[Promise[System], ...] = (
    its_arguments_are_keyword_only_and_typed,
    it_says_its_shape_and_how_many_symbols_it_sends,
    a_bandwidth_ratio_is_met_to_the_symbol,
    images_come_out_in_their_own_shape_within_0_and_1,
    features_have_mean_power_1_for_each_image,
    a_step_is_a_pure_function_of_parameters_images_and_noise,
    the_same_stream_gives_the_same_images,
    an_image_ignores_its_batch_mates,
    training_reaches_every_parameter,
    a_gradient_reaches_the_image,
    without_a_moment_it_is_what_training_ends_with,
    every_parameter_is_trained_in_some_phase,
    a_training_step_is_pure,
    the_encoders_convolutions_are_its_own,
    bf16_autocast_stays_close,
    one_shot_systems_send_what_they_encode,
)
