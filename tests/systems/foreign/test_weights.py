"""What a codec's weights may be, and what is refused before they are read."""

import hashlib
import logging
from pathlib import Path

import pytest
import torch
from odd_files import ODD_FILES, sparse
from safetensors.torch import save_file
from torch import nn

from semvet.errors import WeightsError
from semvet.systems.foreign import weights
from semvet.systems.foreign.weights import file_sha256, load_weights

READERS = {
    "hash": file_sha256,
    "load": lambda path: load_weights(Codec(), path),
}


class Codec(nn.Module):
    def __init__(self, dtype=torch.float32):
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(3, dtype=dtype))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))


@pytest.fixture(autouse=True)
def _nothing_was_said():
    weights._say_once.cache_clear()


def saved(path: Path, **changes: torch.Tensor) -> str:
    save_file({"scale": torch.ones(3) / 3, "calls": torch.tensor(5)} | changes, path)
    return str(path)


def loaded(path: Path, dtype=torch.float32, **changes: torch.Tensor) -> Codec:
    codec = Codec(dtype)
    load_weights(codec, saved(path, **changes))
    return codec


def test_the_hash_is_that_of_the_whole_file(tmp_path):
    path = Path(saved(tmp_path / "w.safetensors"))
    assert file_sha256(str(path)) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_weights_of_the_codecs_own_types_are_loaded_in_silence(tmp_path, caplog):
    codec = loaded(tmp_path / "w.safetensors")
    assert torch.equal(codec.scale, torch.ones(3) / 3)
    assert codec.calls == 5
    assert caplog.text == ""


@pytest.mark.parametrize("given", [torch.float16, torch.bfloat16, torch.float64])
def test_floats_are_converted_to_those_of_the_codec_which_is_said_once(tmp_path, caplog, given):
    scale = (torch.ones(3, dtype=torch.float64) / 3).to(given)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            codec = loaded(tmp_path / "w.safetensors", scale=scale)
    assert torch.equal(codec.scale, scale.float())
    assert codec.scale.dtype == torch.float32
    (said,) = caplog.messages
    assert said.endswith(
        f"1 of 2 tensors converted, for example scale from {str(given)[6:]} to float32"
    )


LOSING = {
    "floats to halves": (torch.float16, {"scale": torch.ones(3)}),
    "doubles to bfloat": (torch.bfloat16, {"scale": torch.ones(3, dtype=torch.float64)}),
    "floats to integers": (torch.float32, {"calls": torch.tensor(5.0)}),
    "integers to floats": (torch.float32, {"scale": torch.ones(3, dtype=torch.int64)}),
    "short integers": (torch.float32, {"calls": torch.tensor(5, dtype=torch.int32)}),
    "truths to floats": (torch.float32, {"scale": torch.ones(3, dtype=torch.bool)}),
    "complex to real": (torch.float32, {"scale": torch.ones(3, dtype=torch.complex64)}),
}


@pytest.mark.parametrize("kind", LOSING)
def test_a_conversion_that_would_lose_something_is_refused(tmp_path, kind):
    dtype, changes = LOSING[kind]
    ((name, given),) = changes.items()
    own = dtype if name == "scale" else torch.int64
    words = rf"{name}: type {str(given.dtype)[6:]}, the codec's {str(own)[6:]}, which would lose"
    with pytest.raises(WeightsError, match=words):
        loaded(tmp_path / "w.safetensors", dtype, **({"scale": torch.ones(3).to(dtype)} | changes))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.complex64, torch.float64])
def test_a_codec_may_have_any_supported_type(tmp_path, dtype):
    codec = loaded(tmp_path / "w.safetensors", dtype, scale=torch.ones(3, dtype=dtype))
    assert (codec.scale == 1).all()


def test_a_double_that_no_float_holds_is_refused(tmp_path):
    huge = torch.full((3,), 1e300, dtype=torch.float64)
    with pytest.raises(WeightsError, match="scale: holds NaN or infinity"):
        loaded(tmp_path / "w.safetensors", scale=huge)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2])
def test_types_of_eight_bits_are_refused_with_those_that_are_supported(tmp_path, dtype, reader):
    path = saved(tmp_path / "w.safetensors", scale=torch.ones(3).to(dtype))
    with pytest.raises(WeightsError, match=r"type F8_E\dM\d; supported are BOOL.*F32, F64, C64"):
        READERS[reader](path)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", ODD_FILES)
def test_what_is_no_file_is_refused_unopened(tmp_path, monkeypatch, kind, reader):
    make, words = ODD_FILES[kind]
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=rf"w\.safetensors cannot be read \({words}\); name a"):
        READERS[reader](str(tmp_path / "w.safetensors"))


@pytest.mark.parametrize("reader", READERS)
def test_a_file_above_8_gib_is_refused_unread(tmp_path, reader):
    path = sparse(tmp_path / "w.safetensors", 9 * 2**30)
    with pytest.raises(WeightsError, match="it holds 9 GiB, at most 8 GiB are read"):
        READERS[reader](str(path))


def test_weights_that_do_not_fit_are_refused_unread(tmp_path, monkeypatch):
    path = saved(tmp_path / "w.safetensors", scale=torch.ones(4))
    monkeypatch.setattr(weights, "read_whole", lambda *_: pytest.fail("was read"))
    with pytest.raises(WeightsError, match=r"scale: shape \(4,\), the codec's \(3,\)"):
        load_weights(Codec(), path)


def test_names_that_would_change_the_terminal_are_escaped(tmp_path):
    path = saved(tmp_path / "w.safetensors", **{"\x1b[2J": torch.ones(1)})
    with pytest.raises(WeightsError, match=r"'\\x1b\[2J': only in the file"):
        load_weights(Codec(), path)
    with pytest.raises(WeightsError, match=r"system\.weights: '.*a\\nb\.safetensors' cannot be"):
        file_sha256(str(tmp_path / "a\nb.safetensors"))
