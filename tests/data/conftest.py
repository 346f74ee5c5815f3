import pytest
from hub_server import Hub, serving
from huggingface_hub import constants, file_download


@pytest.fixture
def take_for_the_hub(monkeypatch):
    """Makes this process ask another address than the hub's."""

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
    with serving(Hub()) as server:
        take_for_the_hub(server.endpoint)
        yield server
