import json
from io import BufferedReader, BytesIO

import numpy as np
import pytest
import torch
from safetensors.torch import save

from semvet.boundary.tensors import MOST_HEADER, Described, TensorsError, read_header

TENSORS = {
    "weight": torch.ones(2, 3), "step": torch.tensor(7), "none": torch.empty(0, 4),
    "half": torch.ones(3, dtype=torch.bfloat16),
}  # fmt: skip


def header(content, size=None):
    return read_header(BufferedReader(BytesIO(content)), len(content) if size is None else size)


def made(entries, room=0, text=None):
    text = (json.dumps(entries) if text is None else text).encode()
    return len(text).to_bytes(8, "little") + text + bytes(room)


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_it_says_what_the_file_holds():
    found = header(save(TENSORS, {"made by": "hand"}))
    assert found.metadata == {"made by": "hand"}
    assert found.tensors == {
        "weight": Described("F32", (2, 3)), "step": Described("I64", ()),
        "none": Described("F32", (0, 4)), "half": Described("BF16", (3,)),
    }  # fmt: skip


def test_a_file_without_tensors_is_one():
    assert header(made({})).tensors == {}


NOT_HEADERS = {
    "nothing": (b"", "should have 0 bytes"),
    "a length only": (made({})[:8], "should have 2 bytes, the file has 0"),
    "an endless length": ((2**63).to_bytes(8, "little") + b"{}", "should have 9,223,372,036,854"),
    "cut": (made({"x": entry()})[:-3], "its header should have"),
    "no JSON": (made({}, text="{nothing"), "its header is not JSON"),
    "no text": (b"\x02" + bytes(7) + b"\xff\xfe", "its header is not JSON"),
    "deep": (made({}, text='{"x":' + "[" * 100_000), "its header is not JSON"),
    "long number": (made({}, text='{"x":' + "9" * 6000 + "}"), "its header is not JSON"),
    "a list": (made([]), "its header is not a JSON object"),
    "twice": (made({}, text='{"x": 1, "x": 2}'), "its header names x twice"),
    "twice inside": (made({}, text='{"x": {"shape": 1, "shape": 2}}'), "names shape twice"),
    "metadata": (made({"__metadata__": {"a": 1}}), "__metadata__ is not an object of texts"),
    "escape": (made({"\x1b[2J": 1}), r"tensor '\\x1b\[2J' is not described"),
    "no entry": (made({"x": None}), "tensor x is not described by dtype, shape and offsets"),
    "three offsets": (made({"x": entry(offsets=(0, 4, 8))}, 8), "tensor x is not described"),
    "float8": (made({"x": entry("F8_E4M3", (8,))}, 8), "type F8_E4M3; supported are BOOL, U8, .*C"),
    "half a byte": (made({"x": entry("F4", (16,))}, 8), "type F4; supported are"),
    "negative": (made({"x": entry(shape=(-2,))}, 8), "a shape that is none"),
    "fractions": (made({"x": entry(shape=(2.0,))}, 8), "a shape that is none"),
    "truths": (made({"x": entry(shape=(True, 2))}, 8), "a shape that is none"),
    "many axes": (made({"x": entry(shape=(1,) * 17)}, 8), "a shape that is none"),
    "endless": (made({"x": entry(shape=(2**33, 2**33))}, 8), "too large"),
    "endless nothing": (made({"x": entry(shape=(0, 2**33, 2**33))}, 0), "too large"),
    "another product": (made({"x": entry(shape=(3,))}, 8), r"\[3\] of F32 are 12 bytes, its offs"),
    "backwards": (made({"x": entry(offsets=(8, 0))}, 8), "its offsets are"),
    "before": (made({"x": entry(offsets=(-8, 0))}, 8), "do not fill its 8 bytes"),
    "behind": (made({"x": entry(offsets=(8, 16))}, 8), "do not fill its 8 bytes"),
    "hole": (made({"x": entry(), "y": entry(offsets=(16, 24))}, 24), "do not fill its 24 bytes"),
    "overlap": (made({"x": entry(), "y": entry(offsets=(4, 12))}, 12), "do not fill its 12 bytes"),
    "truncated": (save(TENSORS)[:-1], "truncated, or something else"),
    "more": (save(TENSORS) + b"\0", "truncated, or something else"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOT_HEADERS)
def test_what_is_no_safetensors_is_refused_in_words(kind):
    content, words = NOT_HEADERS[kind]
    with pytest.raises(TensorsError, match=words) as caught:
        header(content)
    assert str(caught.value).isprintable()


def test_a_long_header_is_refused_unread():
    """The file is as long as it says, but nobody reads that far."""
    head = BufferedReader(BytesIO((10**10).to_bytes(8, "little") + b"{}"))
    with pytest.raises(TensorsError, match=f"at most {MOST_HEADER:,} are read"):
        read_header(head, 2 * 10**10)


def test_more_tensors_than_any_codec_has_are_refused(monkeypatch):
    monkeypatch.setattr("semvet.boundary.tensors.MOST_TENSORS", 3)
    header(save({str(i): torch.zeros(1) for i in range(3)}))
    with pytest.raises(TensorsError, match="it holds 4 tensors, at most 3 are read"):
        header(save({str(i): torch.zeros(1) for i in range(4)}))


def test_each_supported_type_has_its_width():
    for dtype in (
        torch.bool, torch.uint8, torch.int8, torch.uint16, torch.int16, torch.uint32, torch.int32,
        torch.uint64, torch.int64, torch.float16, torch.bfloat16, torch.float32, torch.float64,
        torch.complex64,
    ):  # fmt: skip
        content = save({"x": torch.from_numpy(np.zeros(3)).to(dtype)})
        assert header(content).tensors["x"].shape == (3,)
