"""What a codec of one's own has to keep to, and what is done with one that does."""

import re

import pytest
import torch
import users_codecs
from own_codecs import GREY, external
from torch import nn

from semvet.channels import AWGN
from semvet.errors import ConfigError
from semvet.randomness import stream
from semvet.systems import Transceiver

REAL = users_codecs.Real


def images(count=4, shape=GREY):
    return torch.rand(count, *shape, generator=stream(0, "x"))


def unit(count=4):
    return torch.ones(count)


def refused(make_codec, monkeypatch):
    """The error that External ends in with a codec that `make_codec` makes."""
    monkeypatch.setattr(users_codecs, "make", make_codec, raising=False)
    with pytest.raises(ConfigError) as caught:
        external("users_codecs:make")
    text = str(caught.value)
    assert text.startswith("system.target: users_codecs:make")
    return text


class Changed(REAL):
    """`Real` with something done to what goes into or comes out of its methods."""

    def __init__(self, shape, symbols, *, latent=None, images=None):
        super().__init__(shape, symbols)
        self.latent, self.images = latent or (lambda z: z), images or (lambda x: x)

    def encode(self, x):
        return self.latent(super().encode(x).flatten(1))

    def decode(self, y):
        return self.images(super().decode(y))


def changed(**changes):
    return lambda shape, symbols: Changed(shape, symbols, **changes)


class Hidden(nn.Module):
    """`Real` with a layer in front of its encoder's output, or of its decoder's input."""

    def __init__(self, shape, symbols, *, before=None, after=None):
        super().__init__()
        self.real, self.before, self.after = REAL(shape, symbols), before, after

    def encode(self, x):
        z = self.real.encode(x)
        return self.before(z) if self.before else z

    def decode(self, y):
        x = self.real.decode(y)
        return self.after(x).sigmoid() if self.after else x


def noise_like(x):
    return torch.randn(x.shape)


BROKEN = {
    "no encode": (lambda shape, k: nn.Identity(), "a Identity without a method 'encode'"),
    "nothing at all": (lambda shape, k: None, "a NoneType without a method 'encode'"),
    "wrong arguments": (lambda shape: None, r"raised TypeError.*takes 1 positional argument"),
    "raises": (
        changed(latent=lambda z: z.view(3, 1, 2, 3)),
        r"encode of \(3, 1, 28, 28\) raised RuntimeError \(test_protocol.py, line \d+\): shape",
    ),
    "a tuple": (changed(latent=lambda z: (z, z)), "encode returned tuple; expected one tensor"),
    "whole numbers": (
        changed(latent=lambda z: z.long()),
        r"encode returned torch.int64; expected one tensor of floats",
    ),
    "too few reals": (
        changed(latent=lambda z: z[:, :195]),
        r"encode returned real \(3, 195\) .* k = 98 symbols; .* at least 2k = 196 reals",
    ),
    "too many symbols": (
        changed(latent=lambda z: torch.complex(z, z)),
        r"encode returned complex \(3, \d+\) .* expected complex \(3, 98\)",
    ),
    "no batch axis": (
        changed(latent=lambda z: z.flatten()),
        r"encode returned real \(\d+,\) for 3 images",
    ),
    "batch in the wrong place": (changed(latent=lambda z: z.T), "encode returned real .*, 3"),
    "squeezed": (changed(latent=lambda z: z.squeeze(0)), r"returned real \(\d+,\) for 1 images"),
    "wrong size": (
        changed(images=lambda x: x[..., :-1]),
        r"decode returned real \(3, 1, 28, 27\); expected real \(3, 1, 28, 28\)",
    ),
    "complex images": (changed(images=lambda x: x + 0j), "decode returned complex"),
    "images in 0..255": (
        changed(images=lambda x: 255 * x),
        r"decode returned pixels from .* to 2\d\d; expected \[0, 1\] whatever is received",
    ),
    "no sigmoid": (
        lambda shape, k: WithoutSigmoid(shape, k),
        r"decode returned pixels from -\d.* expected \[0, 1\]",
    ),
    "NaN": (changed(latent=lambda z: z / 0 * 0), "encode returned NaN or infinity"),
    "NaN images": (changed(images=lambda x: x.log().log()), "decode returned NaN or infinity"),
    "silent": (changed(latent=lambda z: 0 * z), "encode returned zero power"),
    "batch-wide power": (
        changed(latent=lambda z: z / z.square().mean().sqrt()),
        r"encode of an image changes with its batch mates; .*\(GroupNorm\)$",
    ),
    "batch-wide contrast": (
        changed(images=lambda x: (x / x.max())),
        "decode of an image changes with its batch mates",
    ),
    "BatchNorm": (
        lambda shape, k: Hidden(shape, k, before=nn.BatchNorm2d(1)),
        r"training mode: encode of an image changes .* Suspects: before; .*\(module\.eval\(\)",
    ),
    "BatchNorm in decode": (
        lambda shape, k: Hidden(shape, k, after=nn.BatchNorm2d(1)),
        r"training mode: decode of an image changes .* Suspects: after; ",
    ),
    "draws": (
        changed(latent=lambda z: z + noise_like(z)),
        "encode of the same input twice differs; it must draw nothing",
    ),
    "draws in decode": (
        changed(images=lambda x: (x + noise_like(x)).clamp(0, 1)),
        "decode of the same input twice differs",
    ),
    "Dropout": (
        lambda shape, k: Hidden(shape, k, before=nn.Dropout()),
        "training mode: encode of the same input twice differs; .* Suspects: before;",
    ),
    "detached": (changed(latent=lambda z: z.detach()), "encode has no gradient .* for no_grad"),
    "rounded": (changed(latent=lambda z: (999 * z).round()), "encode has a gradient of zero"),
    "infinite slope": (
        changed(images=lambda x: (x - x).abs().sqrt() + 0 * x + x),
        "decode has a gradient that is NaN",
    ),
    "hard decision": (
        changed(images=lambda x: (x > 0.5).float()), "decode has no gradient",
    ),
    "counts": (lambda shape, k: Counting(shape, k), "using it changes its own 'calls'"),
}  # fmt: skip


class WithoutSigmoid(REAL):
    def decode(self, y):
        return self.decoder[0](torch.cat([y.real, y.imag], dim=1)).unflatten(1, self.shape)


class Counting(REAL):
    def __init__(self, shape, symbols):
        super().__init__(shape, symbols)
        self.register_buffer("calls", torch.zeros(()))

    def encode(self, x):
        self.calls += 1
        return super().encode(x)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_codec_that_does_not_keep_the_protocol_is_named_with_the_way_out(broken, monkeypatch):
    make_codec, message = BROKEN[broken]
    assert re.search(message, refused(make_codec, monkeypatch))


def test_power_is_normalized_and_unit_power_left_as_it_is():
    x = images()
    for target in ("users_codecs:Real", "users_codecs:Complex"):
        sent = external(target).encode(x, unit())
        torch.testing.assert_close(sent.abs().square().mean(dim=1), unit())
    system = external("users_codecs:Complex")
    torch.testing.assert_close(system.encode(x, unit()), system.codec.encode(x))


def test_the_first_2k_reals_are_sent_in_phase_first():
    system, x = external(), images(1)
    reals = system.codec.encode(x).flatten()[: 2 * 98]
    sent = system.encode(x, unit(1))[0]
    torch.testing.assert_close(
        torch.cat([sent.real, sent.imag]), reals * (98 / reals.square().sum()).sqrt()
    )


def test_a_codec_that_is_no_module_is_trained_saved_and_switched_through_its_attributes():
    system = external("users_codecs:Complex")
    names = {name for name, _ in system.named_parameters()}
    assert "codec.inner.encoder.0.weight" in names
    system.eval()
    assert not system.codec._codec.inner.training


def test_the_convolutions_are_those_that_encode_uses_in_that_order():
    found = external().encoder_convolutions
    assert [tuple(layer.weight.shape[:2]) for layer in found] == [(4, 1), (4, 4), (1, 4)]


def test_layers_left_in_evaluation_mode_stay_in_it(monkeypatch):
    def frozen(shape, symbols):
        return Hidden(shape, symbols, before=nn.BatchNorm2d(1).eval())

    monkeypatch.setattr(users_codecs, "make", frozen, raising=False)
    system = external("users_codecs:make").eval().train()
    assert not system.codec.before.training
    assert system.codec.real.training


def test_a_codec_that_cannot_run_under_autocast_is_computed_in_fp32(monkeypatch):
    def widening(shape, symbols):  # there is no complex bf16
        return Changed(
            shape, symbols,
            latent=lambda z: torch.complex(z[:, :symbols], z[:, symbols : 2 * symbols]),
        )  # fmt: skip

    monkeypatch.setattr(users_codecs, "make", widening, raising=False)
    for target, reduced in (("users_codecs:make", False), ("users_codecs:Real", True)):
        system, x = external(target), images()
        assert system.reduced_precision is reduced
        exact = system.encode(x, unit())
        with torch.autocast("cpu", torch.bfloat16):
            rounded = system.encode(x, unit())
        assert torch.equal(exact, rounded) is not reduced


def test_it_starts_from_the_runs_own_seed():
    first, again = (external().state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_it_transmits_over_a_channel():
    link = Transceiver(external(), AWGN(), snr_db=10.0).eval()
    assert link(images(), rng=stream(0, "n")).shape == (4, *GREY)
