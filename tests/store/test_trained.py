import json
import shutil

import numpy as np
import pytest

from semvet.errors import Missing
from semvet.store import once, read_weights_of, write_weights


def _made(root, seed: int, calls: list[int]) -> float:
    """The only weight of a training that would leave its seed there."""
    folder, record = root / f"trained-{seed}", {"seed": seed, "training": {"epochs": 2}}
    path = folder / "weights.safetensors"

    def make():
        calls.append(seed)
        write_weights(path, {"w": np.full(1, seed, np.float32)}, {"record": record})

    return float(once(folder, make, lambda: read_weights_of(path, record), wait=None)["w"][0])


def test_weights_are_found_again(tmp_path):
    calls = []
    assert [_made(tmp_path, seed, calls) for seed in (0, 1, 0, 1)] == [0, 1, 0, 1]
    assert calls == [0, 1]


def test_weights_of_another_seed_are_refused_and_made_again(tmp_path):
    calls = []
    for seed in (0, 1):
        _made(tmp_path, seed, calls)
    for name in ("weights.safetensors", "weights.json"):
        shutil.copy(tmp_path / "trained-1" / name, tmp_path / "trained-0" / name)
    with pytest.raises(Missing, match="of another training \\('seed' is another\\)"):
        read_weights_of(tmp_path / "trained-0" / "weights.safetensors", {"seed": 0})
    assert _made(tmp_path, 0, calls) == 0
    assert calls == [0, 1, 0]


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "halved", "one bit", "JSON of another kind"])
def test_damaged_weights_are_made_again(tmp_path, name, damage):
    calls, path = [], tmp_path / "trained-0" / name
    _made(tmp_path, 0, calls)
    content = bytearray(path.read_bytes())
    match damage:
        case "gone":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "halved":
            path.write_bytes(content[: len(content) // 2])
        case "one bit":
            content[20] ^= 1  # of the header, or of the hash
            path.write_bytes(content)
        case _:
            path.write_text(json.dumps({"sha256": 1, "record": []}))
    assert _made(tmp_path, 0, calls) == 0
    assert calls == [0, 0]
