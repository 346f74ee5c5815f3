"""Weights of a codec of one's own: loaded, refused, pinned."""

import pickle  # noqa: TID251 - the enemy
from pathlib import Path

import pytest
import torch
from own_codecs import document, external, saved
from safetensors.torch import save_file

from semvet.catalog import resolve
from semvet.config import content_id
from semvet.errors import ConfigError, WeightsError


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


def test_other_weights_are_another_run(tmp_path):
    ids = []
    for scale in (1.0, 1.0, 2.0):
        bias = torch.full((784,), scale)
        path = saved(tmp_path / "w.safetensors", **{"decoder.0.bias": bias})
        ids.append(content_id(resolve(document(weights=path)).document(), "data"))
    assert ids[0] == ids[1] != ids[2]


def test_a_record_of_other_weights_is_refused(tmp_path):
    record = resolve(document(weights=saved(tmp_path / "w.safetensors"))).document()
    saved(tmp_path / "w.safetensors", **{"decoder.0.bias": torch.zeros(784)})
    with pytest.raises(ConfigError, match=r"system\.weights_sha256: this record was made with"):
        resolve(record)
