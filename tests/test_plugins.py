import json

import pytest
from support import SOURCE, python

from semvet.attacks import ATTACKS

MODULE = """
from semvet.channels import AWGN, Channel
from semvet.types import Share

class Echo(AWGN):
    def __init__(self, *, delay: Share = 0.5):
        self.delay = delay
"""
ENTRY_POINTS = """
[semvet.channels]
echo = fake_package:Echo
awgn = fake_package:Echo
broken = fake_package:Missing
[semvet.attacks]
raises = fake_broken:Attack
"""
SCRIPT = """
import json, warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from semvet.catalog import TABLES, resolve
    from semvet.errors import ConfigError
try:
    resolve({"channel": {"name": "echo", "delay": 2}})
except ConfigError as error:
    refused = str(error)
print(json.dumps({
    "channels": {name: found.__module__ for name, found in TABLES["channel"].items()},
    "attacks": list(TABLES["attack"]),
    "resolved": resolve({"channel": "echo"}).document()["channel"],
    "refused": refused,
    "warnings": [str(w.message) for w in caught if "plug-in" in str(w.message)],
}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What semvet says beside an installed package with four entry points."""
    site = tmp_path_factory.mktemp("site")
    (site / "fake_package.py").write_text(MODULE)
    (site / "fake_broken.py").write_text("raise RuntimeError('no licence')")
    info = site / "fake_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    path = {"PYTHONPATH": f"{SOURCE}:{site}"}
    return json.loads(python("-c", SCRIPT, env=path, check=True).stdout)


def test_a_plug_in_of_another_package_is_found(found):
    assert found["channels"]["echo"] == "fake_package"
    assert found["resolved"].keys() == {"name", "delay", "code_sha256"}
    assert found["resolved"]["delay"] == 0.5


def test_its_arguments_are_checked_like_our_own(found):
    assert found["refused"] == "channel.delay: 2 is not allowed; allowed: a number > 0 and <= 1"


def test_a_name_of_ours_stays_ours(found):
    assert found["channels"]["awgn"] == "semvet.channels.awgn"
    assert "plug-in fake_package:Echo left out: 'awgn' is taken" in found["warnings"]


def test_a_broken_plug_in_only_warns(found):
    assert "broken" not in found["channels"]
    assert found["attacks"] == list(ATTACKS)
    assert "plug-in fake_broken:Attack left out: no licence" in found["warnings"]
    assert any(w.startswith("plug-in fake_package:Missing left out:") for w in found["warnings"])
