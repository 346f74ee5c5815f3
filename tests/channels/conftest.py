"""What several of these tests start from."""

import pytest
from sionna.phy import config


@pytest.fixture(autouse=True)
def _same_sionna_afterwards():
    before = config.torch_rng("cpu").get_state()
    yield
    config.torch_rng("cpu").set_state(before)
