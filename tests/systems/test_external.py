import hashlib
import pickle  # noqa: TID251 - the enemy
import re
import sys
from pathlib import Path

import pytest
import torch
import users_codecs
from safetensors.torch import save_file
from torch import nn

from semvet.catalog import make_system, resolve
from semvet.channels import AWGN
from semvet.config import Spec, content_id
from semvet.errors import ConfigError, WeightsError
from semvet.randomness import seeded, stream
from semvet.systems import External, Transceiver
from semvet.systems.foreign import codec as codecs
from semvet.types import ImageShape

GREY = ImageShape(1, 28, 28)
REAL = users_codecs.Real


def external(target="users_codecs:Real", shape=GREY, **config):
    with seeded(0, "system"):
        return External(shape, target=getattr(target, "__qualname__", target), **config)


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
        r"encode of \(3, 1, 28, 28\) raised RuntimeError \(test_external.py, line \d+\): shape",
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


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("users_codecs", r"'users_codecs'; expected package\.module:function"),
        ("users_codecs:", r"expected package\.module:function"),
        ("nowhere.codec:make", r"no module 'nowhere' on Python's path or in the current folder"),
        ("users_codecs.nowhere:make", r"no module \'users_codecs\.nowhere\' on"),
        ("users_codecs:Reel", r"users_codecs\.py has no 'Reel'; it defines .*Real, Complex"),
        ("users_codecs:torch", r"users_codecs:torch is a module; expected a function make_codec"),
        ("sys:exit", r"module sys has no file whose SHA-256 could be put on record"),
    ],
)
def test_a_target_that_is_not_there_is_named_with_the_way_out(target, message):
    with pytest.raises(ConfigError, match=message):
        external(target)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nowhere", r"importing broken_codec raised .*\(broken_codec\.py, line 1\)"),
        ("def f(:", "importing broken_codec raised SyntaxError"),
    ],
)
def test_a_target_that_cannot_be_imported_says_where(tmp_path, monkeypatch, source, message):
    (tmp_path / "broken_codec.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=message):
        external("broken_codec:make")


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


def saved(path, system=None, **changes):
    state = {
        name: (2 * value).contiguous()
        for name, value in (system or external()).codec.state_dict().items()
    }
    save_file(state | changes, path)
    return str(path)


def test_weights_are_loaded(tmp_path):
    path = saved(tmp_path / "w.safetensors")
    before, after = external().codec.state_dict(), external(weights=path).codec.state_dict()
    assert all(torch.equal(2 * before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"more": torch.zeros(1)}, r"does not fit the codec:\n  more: only in the file\n"),
        ({"decoder.0.bias": torch.zeros(3)}, r"0\.bias: shape \(3,\), the codec's \(784,\)"),
        ({"decoder.0.bias": torch.full((784,), torch.nan)}, r"decoder\.0\.bias: holds NaN"),
        ({f"x{i}": torch.zeros(1) for i in range(6)}, r"x3: only in the file\n  and 2 more\n"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit_are_refused_with_the_first_differences(tmp_path, changes, message):
    path = saved(tmp_path / "w.safetensors", **changes)
    with pytest.raises(WeightsError, match=message):
        external(weights=path)


def test_missing_weights_are_named(tmp_path):
    save_file({"decoder.0.bias": torch.zeros(784)}, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=r"decoder\.0\.weight: missing from the file"):
        external(weights=str(tmp_path / "w.safetensors"))


class Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_a_pickle_is_refused_unread(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    for refusing in (
        lambda: external(weights=str(tmp_path / name)),
        lambda: resolve(document(weights=str(tmp_path / name))),
    ):
        with pytest.raises(WeightsError, match="not safetensors; it was not read"):
            refusing()
    assert not (tmp_path / "exploded").exists()


def test_weights_that_are_damaged_or_not_there_are_named(tmp_path):
    path = Path(saved(tmp_path / "w.safetensors"))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(WeightsError, match=r"w\.safetensors is truncated or damaged"):
        external(weights=str(path))
    with pytest.raises(WeightsError, match=r"none\.safetensors cannot be read \(No such file"):
        external(weights=str(tmp_path / "none.safetensors"))


# The record of a run


def document(target="users_codecs:Real", **args):
    return {"system": {"name": "external", "target": target, **args}}


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """Writes the users' codec into a module of its own, as a process that starts afterwards."""
    source = Path(users_codecs.__file__).read_text()
    monkeypatch.syspath_prepend(tmp_path)

    def edit(comment, *, restart=True):
        (tmp_path / "edited_codec.py").write_text(f"{source}\n# {comment}\n")
        if restart:
            codecs._imported.cache_clear()
            monkeypatch.delitem(sys.modules, "edited_codec", raising=False)

    return edit


def run_id(**args):
    return content_id(resolve(document("edited_codec:Real", **args)).document(), "data")


def test_an_edited_codec_is_another_run(edited):
    edited("one")
    first, again = run_id(), run_id()
    edited("another")
    assert first == again != run_id()


def test_other_weights_are_another_run(tmp_path):
    ids = []
    for scale in (1.0, 1.0, 2.0):
        bias = torch.full((784,), scale)
        path = saved(tmp_path / "w.safetensors", **{"decoder.0.bias": bias})
        ids.append(content_id(resolve(document(weights=path)).document(), "data"))
    assert ids[0] == ids[1] != ids[2]


def test_the_record_holds_the_fingerprints_and_resolves_to_itself(tmp_path):
    path = Path(saved(tmp_path / "w.safetensors"))
    run = resolve(document(weights=str(path)))
    files = {"target": Path(users_codecs.__file__), "weights": path}
    for name, file in files.items():
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert run.system.args[f"{name}_sha256"] == digest
    assert resolve(run.document()) == run
    assert isinstance(make_system(run.system, GREY), External)


def test_a_record_of_another_codec_is_refused(edited):
    edited("one")
    record = resolve(document("edited_codec:Real")).document()
    edited("another")
    message = r"system\.target_sha256: this record was made with another .*edited_codec\.py"
    with pytest.raises(ConfigError, match=message):
        resolve(record)
    with pytest.raises(ConfigError, match=message):
        make_system(Spec(**record["system"]), GREY)


def test_a_record_of_other_weights_is_refused(tmp_path):
    record = resolve(document(weights=saved(tmp_path / "w.safetensors"))).document()
    saved(tmp_path / "w.safetensors", **{"decoder.0.bias": torch.zeros(784)})
    with pytest.raises(ConfigError, match=r"system\.weights_sha256: this record was made with"):
        resolve(record)


def test_a_codec_that_was_edited_after_it_was_imported_is_refused(edited):
    edited("one")
    run_id()
    edited("another", restart=False)
    with pytest.raises(ConfigError, match=r"edited_codec\.py was edited after .* restart Python"):
        run_id()


def test_it_transmits_over_a_channel():
    link = Transceiver(external(), AWGN(), snr_db=10.0).eval()
    assert link(images(), rng=stream(0, "n")).shape == (4, *GREY)
