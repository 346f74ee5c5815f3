"""What every channel promises."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from semvet.channels import Channel
from semvet.randomness import complex_normal, stream
from semvet.testing.promise import (
    Maker,
    Promise,
    keep,
    named,
    own_randomness,
    promised,
    require_close,
    require_equal,
    require_typed_arguments,
)
from semvet.types import Draws, Symbols
from semvet.units import linear_to_db

SNR_DB = 10.0
BATCH, SYMBOLS = 5, 13  # 13: no number of antennas divides it
MANY = 4000  # images; with 8 symbols each they show the SNR to .07 dB under Rayleigh fading
SLACK_DB = 0.4  # six of that


def check_channel(plug_in: Maker[Channel], /, **arguments: Any) -> None:
    """Args:
    plug_in: the class, or a function that makes one.
    arguments: of the class, where its defaults are not to be tried.

    Raises:
        AssertionError: the channel, the promise that it breaks, and what was found.
    """
    keep(PROMISES, partial(plug_in, **arguments), what=named(plug_in))


def symbols(batch: int = BATCH, k: int = SYMBOLS, *, seed: int = 0) -> Symbols:
    """Of mean power 1 for each image."""
    x = complex_normal((batch, k), rng=stream(seed, "x"))
    return x / x.abs().square().mean(dim=1, keepdim=True).sqrt()


def drawn(channel: Channel, batch: int = BATCH, k: int = SYMBOLS, *, seed: int = 0) -> Draws:
    return channel.draw(batch, k, rng=stream(seed, "channel"))


def rows(noise: Draws, which: Tensor) -> Draws:
    return {name: value[which] for name, value in noise.items()}


def its_arguments_are_keyword_only_and_typed(make: Maker[Channel]) -> None:
    channel = make()
    promised(isinstance(channel, Channel), "it is no semvet.channels.Channel")
    require_typed_arguments(channel)


def the_receiver_gets_as_many_complex_symbols_as_were_sent(make: Maker[Channel]) -> None:
    channel = make()
    for batch, k in ((BATCH, SYMBOLS), (1, 1), (0, 4), (2, 48)):
        x = torch.ones(batch, k) + 0j
        y = channel(x, drawn(channel, batch, k), snr_db=SNR_DB)
        found = f"{tuple(x.shape)} complex64 came out as {tuple(y.shape)} {y.dtype}"
        promised(y.shape == x.shape and y.dtype == torch.complex64, found)


def all_that_is_random_is_drawn_first_and_from_the_given_stream(make: Maker[Channel]) -> None:
    channel, x = make(), symbols()
    with own_randomness():
        a, b, c = (channel(x, drawn(channel, seed=s), snr_db=SNR_DB) for s in (0, 0, 1))
    require_equal(a, b, "the same stream gives another output")
    promised(not bool(torch.isclose(a, c).any()), "another stream gives the same output")
    noise = drawn(channel)
    first = channel(x, noise, snr_db=SNR_DB)
    require_equal(channel(x, noise, snr_db=SNR_DB), first, "the same noise gives another output")


def nothing_is_changed_in_place(make: Maker[Channel]) -> None:
    channel, x = make(), symbols()
    noise = drawn(channel)
    kept, kept_noise = x.clone(), {name: value.clone() for name, value in noise.items()}
    channel(x, noise, snr_db=SNR_DB)
    require_equal(x, kept, "the symbols are changed in place")
    for name, value in noise.items():
        require_equal(value, kept_noise[name], f"the noise {name!r} is changed in place")


def autocast_leaves_the_symbols_alone(make: Maker[Channel]) -> None:
    channel, x = make(), symbols()
    noise = drawn(channel)
    with torch.autocast("cpu", torch.bfloat16):
        y = channel(x, noise, snr_db=SNR_DB)
    require_equal(y, channel(x, noise, snr_db=SNR_DB), "under autocast the output is another")


def finite_gradients_reach_every_symbol(make: Maker[Channel]) -> None:
    channel, x = make(), symbols().requires_grad_()
    channel(x, drawn(channel), snr_db=SNR_DB).abs().square().sum().backward()
    promised(x.grad is not None, "no gradient reaches the symbols")
    gradient = x.grad.abs() if x.grad is not None else x
    promised(bool(gradient.isfinite().all()), "a gradient is NaN or infinite")
    promised(bool((gradient > 0).all()), "a symbol gets no gradient")


def propagation_is_affine_in_the_symbols(make: Maker[Channel]) -> None:
    channel = make()
    noise, a, b = drawn(channel), symbols(seed=1), symbols(seed=2)
    of_a, of_b, mixed = (
        channel.propagate(x, noise, snr_db=SNR_DB) for x in (a, b, 0.3 * a + 0.7 * b)
    )
    require_close(mixed, 0.3 * of_a + 0.7 * of_b, "propagate(.3 a + .7 b) is not their mixture")


def an_image_ignores_its_batch_mates(make: Maker[Channel]) -> None:
    channel, x, which = make(), symbols(), torch.tensor([3, 1])
    noise = drawn(channel)
    alone = channel(x[which], rows(noise, which), snr_db=SNR_DB)
    whole = channel(x, noise, snr_db=SNR_DB)
    require_close(alone, whole[which], "in another batch an image is received in another way")
    alone = channel.capacity(rows(noise, which), snr_db=SNR_DB)
    whole = channel.capacity(noise, snr_db=SNR_DB)
    require_close(alone, whole[which], "in another batch an image has another capacity")


def the_snr_is_the_one_that_was_asked_for(make: Maker[Channel]) -> None:
    """Es/N0 per complex symbol, as an antenna gets it, with fading of unit mean power."""
    channel = make()
    x = torch.sgn(complex_normal((MANY, 8), rng=stream(0, "x")))  # power 1 exactly
    noise = drawn(channel, MANY, 8)
    silent = channel.propagate(torch.zeros_like(x), noise, snr_db=SNR_DB)
    signal = channel.propagate(x, noise, snr_db=SNR_DB) - silent
    power_db, noise_db = (
        linear_to_db(float(part.abs().square().mean(dtype=torch.float64)))
        for part in (signal, silent)
    )
    found_db = power_db - noise_db
    promised(abs(found_db - SNR_DB) < SLACK_DB, f"asked for {SNR_DB:g} dB, found {found_db:.2f} dB")
    promised(abs(power_db) < SLACK_DB, f"the mean power of H is {power_db:.2f} dB, not 0")


def capacity_is_one_finite_figure_per_image_that_grows_with_the_snr(make: Maker[Channel]) -> None:
    channel = make()
    noise = drawn(channel)
    low, high = (channel.capacity(noise, snr_db=snr_db) for snr_db in (0.0, 20.0))
    for bits in (low, high):
        found = f"{tuple(bits.shape)} {bits.dtype} of {BATCH} images"
        promised(bits.shape == (BATCH,) and bits.dtype == torch.float32, found)
        promised(bool(bits.isfinite().all()), "it is NaN or infinite")
    found = f"{low.tolist()} at 0 dB, {high.tolist()} at 20 dB"
    promised(bool(((low > 0) & (high > low)).all()), found)
    drawn_snr = channel.capacity(noise, snr_db=torch.tensor(20.0))  # as where it is drawn anew
    require_close(drawn_snr, high, "an SNR given as a tensor has another capacity")


def another_use_keeps_the_fading_and_draws_noise_of_its_own(make: Maker[Channel]) -> None:
    channel = make()
    first = drawn(channel)
    promised(set(channel.lasting) <= set(first), "`lasting` names what `draw` does not make")
    for k in (SYMBOLS, 2 * SYMBOLS):
        second = channel.draw_again(first, k, rng=stream(1, "again"))
        promised(set(second) == set(first), f"draw_again makes {set(second)}, draw {set(first)}")
        for name in channel.lasting:
            require_equal(second[name], first[name], f"{name!r} does not last")
        for name in set(second) - set(channel.lasting):
            one, other = first[name].flatten(1)[:, :1], second[name].flatten(1)[:, :1]
            same = bool(torch.isclose(one, other).any())
            promised(not same, f"{name!r} of the second use is that of the first")
        y = channel(symbols(k=k), second, snr_db=SNR_DB)
        promised(y.shape == (BATCH, k), f"{k} symbols came out as {tuple(y.shape)}")


PROMISES: tuple[Promise[Channel], ...] = (
    its_arguments_are_keyword_only_and_typed,
    the_receiver_gets_as_many_complex_symbols_as_were_sent,
    nothing_is_changed_in_place,
    all_that_is_random_is_drawn_first_and_from_the_given_stream,
    autocast_leaves_the_symbols_alone,
    finite_gradients_reach_every_symbol,
    propagation_is_affine_in_the_symbols,
    capacity_is_one_finite_figure_per_image_that_grows_with_the_snr,
    an_image_ignores_its_batch_mates,
    the_snr_is_the_one_that_was_asked_for,
    another_use_keeps_the_fading_and_draws_noise_of_its_own,
)
