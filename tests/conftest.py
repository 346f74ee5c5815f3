"""What holds for every test: packaged data only, results in the test's own folder, one thread."""

import os
import tempfile

import pytest
import torch

os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="semvet-tests-")  # its notes to itself
os.environ["HF_HUB_OFFLINE"] = "1"  # no test asks the hub; some ask a server of their own
collect_ignore = ["strangers/package"]  # whose tests run in a process of their own
torch.set_num_threads(1)  # small tensors on shared machines: threads only get in the way


@pytest.fixture(autouse=True)
def runs(tmp_path, monkeypatch):
    """The folder of results, not made yet."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("SEMVET_RUNS", str(folder))
    monkeypatch.delenv("SEMVET_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))  # the user's data folder
    return folder


@pytest.fixture
def take_for_the_hub(monkeypatch):
    """Makes this process ask another address than the hub's."""
    from huggingface_hub import constants, file_download

    def take(endpoint: str) -> None:
        template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(file_download.time, "sleep", lambda _: None)  # between its retries

    return take


@pytest.fixture
def hub(take_for_the_hub):
    """An empty hub on this machine."""
    from hub_server import Hub, serving

    with serving(Hub()) as server:
        take_for_the_hub(server.endpoint)
        yield server
