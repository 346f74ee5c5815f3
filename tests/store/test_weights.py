import hashlib
import json
import pickle  # noqa: TID251 - the enemy
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from odd_files import ODD_FILES, sparse
from safetensors.numpy import save
from safetensors.torch import save as save_tensors

from semvet.errors import StoreError, WeightsError
from semvet.store import read_checkpoint, read_weights, write_checkpoint, write_weights
from semvet.store.weights import _digest


def _arrays(seed=0):
    rng = np.random.default_rng(seed)
    odd = np.array([0.0, -0.0, np.nan, -np.inf, 1e-45], dtype=np.float32)
    return {
        "weight": rng.normal(size=(5, 3, 2, 2)).astype(np.float32),
        "odd": odd,
        "double": rng.normal(size=7),
        "step": np.array(3.0, dtype=np.float32),
        "none": np.empty((0, 4), dtype=np.float32),
        "bytes": rng.integers(0, 256, 11, dtype=np.uint8),
        "index": rng.integers(-9, 9, (2, 2)),
        "columns": np.asfortranarray(rng.normal(size=(4, 6))),
    }


def _same(found, wanted):
    return found.keys() == wanted.keys() and all(
        found[k].dtype == wanted[k].dtype
        and found[k].shape == wanted[k].shape
        and found[k].tobytes() == wanted[k].tobytes()
        for k in wanted
    )


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "weights.safetensors"
    write_weights(path, _arrays(), {"record": {"seed": 0}})
    return path


def test_weights_come_back_bit_for_bit(written):
    assert _same(read_weights(written), _arrays())


def test_equal_weights_are_equal_files(written, tmp_path):
    write_weights(tmp_path / "again.safetensors", _arrays(), {})
    assert written.read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_the_sidecar_holds_hash_shapes_and_description(written):
    facts = json.loads(written.with_suffix(".json").read_text())
    assert len(facts["sha256"]) == 64
    assert facts["tensors"]["weight"] == [5, 3, 2, 2]
    assert facts["record"] == {"seed": 0}


def test_one_changed_bit_is_noticed_wherever_it_is(written):
    content = written.read_bytes()
    for position in np.random.default_rng(0).integers(9, len(content), 20).tolist():
        changed = bytearray(content)
        changed[position] ^= 1
        written.write_bytes(changed)
        with pytest.raises(WeightsError, match=r"SHA-256 is .* changed or damaged"):
            read_weights(written)


@pytest.mark.parametrize("length", [0, 5, 9, 200, -1])
def test_truncated_weights_are_refused(written, length):
    written.write_bytes(written.read_bytes()[:length])
    with pytest.raises(WeightsError, match=r"weights\.safetensors: (not safetensors|SHA-256 is)"):
        read_weights(written)


def test_weights_without_a_recorded_hash_are_refused(written):
    written.with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match=r"no weights\.json beside it"):
        read_weights(written)


@pytest.mark.parametrize("content", ['{"sha256": "ab', "[]", "{}"])
def test_weights_with_a_damaged_sidecar_are_refused(written, content):
    written.with_suffix(".json").write_text(content)
    with pytest.raises(StoreError, match=r"weights\.json"):
        read_weights(written)


@pytest.mark.parametrize("start", [b"\x80", b"PK"])
def test_a_header_whose_length_looks_like_a_pickle_is_no_pickle(tmp_path, start):
    """The first bytes of safetensors are a length, which may have any value."""
    arrays = {"x": np.zeros(1, np.float32)}
    for length in range(1, 20_000):
        name = "n" * length
        header = 8 * -(-(len(name) + 60) // 8)
        if header.to_bytes(8, "little").startswith(start):
            arrays = {name: np.zeros(1, np.float32)}
            if save(arrays).startswith(start):
                break
    assert save(arrays).startswith(start)
    write_weights(tmp_path / "a.safetensors", arrays, {})
    assert _same(read_weights(tmp_path / "a.safetensors"), arrays)


class Bomb:
    """Unpickling it makes the file `marker`."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def _pickled(path, marker, protocol):
    path.write_bytes(pickle.dumps(Bomb(marker), protocol=protocol))


def _saved_by_torch(path, marker, zipped):
    torch.save({"weight": Bomb(marker)}, path, _use_new_zipfile_serialization=zipped)


PICKLES = {
    **{f"protocol {p}": (_pickled, p) for p in range(pickle.HIGHEST_PROTOCOL + 1)},
    "torch zip": (_saved_by_torch, True),
    "torch legacy": (_saved_by_torch, False),
}


@pytest.mark.parametrize("kind", PICKLES)
@pytest.mark.parametrize("name", ["weights.pt", "weights.safetensors"])
def test_a_pickle_offered_as_weights_is_refused_unread(tmp_path, kind, name):
    path, marker = tmp_path / name, tmp_path / "marker"
    make, how = PICKLES[kind]
    make(path, marker, how)
    with pytest.raises(WeightsError, match=r"it was not read, since unpickling runs"):
        read_weights(path)
    with pytest.raises(WeightsError, match="truncated or not safetensors"):
        read_checkpoint(path)
    assert not marker.exists()

    with path.open("rb") as file:  # the bomb is live, so the test can fail
        torch.load(file, weights_only=False) if "torch" in kind else pickle.load(file)  # noqa: S301, TID251
    assert marker.exists()


def test_safetensors_by_another_name_are_refused(written, tmp_path):
    written.rename(tmp_path / "weights.bin")
    with pytest.raises(WeightsError, match=r"weights\.bin: not safetensors"):
        read_weights(tmp_path / "weights.bin")


STATE = {"step": 3, "history": [{"loss": 0.1}], "name": "ö"}


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path):
    write_checkpoint(tmp_path / "checkpoint.safetensors", _arrays(), STATE)
    arrays, state = read_checkpoint(tmp_path / "checkpoint.safetensors")
    assert _same(arrays, _arrays())
    assert state == STATE


def test_one_changed_bit_of_a_checkpoint_is_noticed_wherever_it_is(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, _arrays(), STATE)
    content = path.read_bytes()
    for position in range(0, len(content), 3):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        with pytest.raises(WeightsError, match=r"checkpoint\.safetensors: (damaged|truncated)"):
            read_checkpoint(path)


def test_a_truncated_checkpoint_is_refused(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    write_checkpoint(path, _arrays(), STATE)
    for length in (0, 8, 100, -1):
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(WeightsError, match="truncated or not safetensors"):
            read_checkpoint(path)


def test_weights_offered_as_a_checkpoint_are_refused(written):
    with pytest.raises(WeightsError, match="not the recorded one"):
        read_checkpoint(written)


# What is refused before its tensors are read


@pytest.mark.parametrize("read", [read_weights, read_checkpoint])
@pytest.mark.parametrize("kind", ODD_FILES)
def test_what_is_no_file_is_refused_unopened(tmp_path, monkeypatch, kind, read):
    monkeypatch.chdir(tmp_path)
    ODD_FILES[kind][0](tmp_path / "x.safetensors")
    with pytest.raises(StoreError, match=r"x\.safetensors: .*(not a file|cannot be read \()"):
        read(tmp_path / "x.safetensors")


@pytest.mark.parametrize("read", [read_weights, read_checkpoint])
def test_a_missing_file_is_named(tmp_path, read):
    with pytest.raises(StoreError, match=r"x\.safetensors: no such file"):
        read(tmp_path / "x.safetensors")


@pytest.mark.parametrize("read", [read_weights, read_checkpoint])
def test_a_file_above_8_gib_is_refused_unread(tmp_path, read):
    path = sparse(tmp_path / "x.safetensors", 9 * 2**30)
    with pytest.raises(StoreError, match=r"larger than the 8,589,934,592 bytes that such a"):
        read(path)


@pytest.mark.parametrize(("length", "said"), [(2**40, "should have"), (2**31, "at most")])
def test_a_header_without_end_is_refused_unread(tmp_path, length, said):
    path = sparse(tmp_path / "x.safetensors", 7 * 2**30)
    with path.open("r+b") as file:
        file.write(length.to_bytes(8, "little") + b"{")
    tracemalloc.start()
    with pytest.raises(WeightsError, match=rf"x\.safetensors: truncated or not .* header .*{said}"):
        read_checkpoint(path)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_weights_of_another_hash_are_refused_unread(tmp_path):
    path = sparse(tmp_path / "x.safetensors", 2**28)
    with path.open("r+b") as file:
        file.write((2**20).to_bytes(8, "little") + b"{")
    path.with_suffix(".json").write_text('{"sha256": "00"}')
    tracemalloc.start()
    with pytest.raises(WeightsError, match=r"SHA-256 is .* says 00\.\.\.; the file was changed"):
        read_weights(path)
    assert tracemalloc.get_traced_memory()[1] < 2**27
    tracemalloc.stop()


def _with_its_hash(path, content):
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    path.with_suffix(".json").write_text(json.dumps({"sha256": digest}))
    return path


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_types_that_numpy_does_not_have_are_refused_with_those_that_there_are(tmp_path, dtype):
    content = save_tensors({"x": torch.zeros(4).to(dtype)})
    path = _with_its_hash(tmp_path / "x.safetensors", content)
    for read in (read_weights, read_checkpoint):
        with pytest.raises(WeightsError, match=r"tensor x has type (BF16|F8_E[45]M[23])[,;] "):
            read(path)


@pytest.mark.parametrize(
    "state", ["", "nothing", "[]", "[" * 100_000, "9" * 6000, "3", None], ids=lambda x: str(x)[:9]
)
def test_a_checkpoint_with_its_hash_but_without_a_state_is_refused(tmp_path, state):
    arrays = {"x": np.zeros(2, np.float32)}
    facts = {"sha256": _digest(arrays, state or "")} | ({} if state is None else {"state": state})
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(save(arrays, metadata=facts))
    with pytest.raises(WeightsError, match="damaged, its state is not a JSON object; delete it"):
        read_checkpoint(path)
