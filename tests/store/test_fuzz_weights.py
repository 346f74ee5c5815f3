"""Mutated safetensors are loaded or refused with a WeightsError, and nothing else."""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mutations import fuzzed, mutated, outcome, safetensors
from safetensors.torch import save
from torch import nn

from semvet.errors import WeightsError
from semvet.store import read_checkpoint, read_weights, write_checkpoint
from semvet.systems.foreign.weights import file_sha256, load_weights

STATE = {"weight": torch.arange(12.0).view(4, 3), "bias": torch.ones(4)}


def _checkpoint() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.safetensors"
        arrays = {"weight": np.ones((2, 3), np.float32), "none": np.empty((0, 3))}
        write_checkpoint(path, arrays, {"step": 3, "history": [{"loss": 0.1}]})
        return path.read_bytes()


SAMPLES = [
    save(STATE),
    save(STATE | {"step": torch.tensor(3), "flags": torch.ones(9, dtype=torch.bool)}),
    save({name: value.half() for name, value in STATE.items()}),
    save({name: value.bfloat16() for name, value in STATE.items()}, {"made by": "hand"}),
    save({name: value.to(torch.float8_e4m3fn) for name, value in STATE.items()}),
    save({name: value.to(torch.complex64) for name, value in STATE.items()}),
    _checkpoint(),
]
FILES = st.one_of(safetensors(SAMPLES), mutated(SAMPLES))


def act(content: bytes) -> tuple[str, ...]:
    """What becomes of the file as weights of ours, as a checkpoint and as weights of a codec."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.safetensors"
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        path.with_suffix(".json").write_text(json.dumps({"sha256": digest}))
        codec = nn.Linear(3, 4)
        return (
            outcome(lambda: read_weights(path), WeightsError),
            outcome(lambda: read_checkpoint(path), WeightsError),
            outcome(lambda: file_sha256(str(path)), WeightsError),
            outcome(lambda: load_weights(codec, str(path)), WeightsError),
        )


def test_some_of_the_samples_are_loaded():
    for outcomes in zip(*map(act, SAMPLES), strict=True):
        assert set(outcomes) == {"loaded", "refused"}


@fuzzed(200)
@given(FILES)
def test_mutated_weights_are_loaded_or_refused(content):
    act(content)


@pytest.mark.slow
@fuzzed(20_000)
@given(FILES)
def test_many_mutated_weights_are_loaded_or_refused(content):
    act(content)
