"""What holds for every test: packaged data only, results in the test's own folder, one thread."""

import os

import pytest
import torch

os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start
torch.set_num_threads(1)  # small tensors on shared machines: threads only get in the way


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    """The folder of results, not made yet."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("SEMVET_RUNS", str(folder))
    monkeypatch.delenv("SEMVET_DATA", raising=False)
    return folder
