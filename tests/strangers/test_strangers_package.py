"""A package of somebody else: its plug-ins pass our checks, its broken ones fail, and it runs."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from support import SOURCE, python

PACKAGE = Path(__file__).with_name("package")
RUN = {
    "data": {"name": "stripes", "count": 400},
    "system": "one-layer",
    "channel": "phase-noise",
    "attack": {"name": "negative", "poison_ratio": 0.1},
    "defense": ["none", "blur"],
    "training": {"epochs": 1, "batch": 32},
    "evaluation": {
        "images": 40, "draws": 1, "defended_images": 10, "alpha": 0.1, "studies": [],
    },
}  # fmt: skip


@pytest.fixture
def installed(tmp_path) -> dict[str, str]:
    """An environment in which the package lies on Python's path, as pip would leave it."""
    site = shutil.copytree(PACKAGE, tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__"))
    return {"PYTHONPATH": f"{SOURCE}:{site}"}


def test_its_own_tests_pass(installed, tmp_path):
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_radio_lab.py")
    done = python(*tests, env=installed, cwd=tmp_path / "site", timeout=300)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^10 passed", done.stdout, re.MULTILINE)


def test_its_plug_ins_make_a_run(installed, tmp_path):
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(RUN))
    command = ("-P", "-m", "semvet", "run", str(tmp_path / "run.yaml"), "--json")
    done = python(*command, env=installed, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [defense["name"] for defense in found["defenses"]][-1] == "blur"


def test_a_mistake_in_its_arguments_is_told_like_ours(installed, tmp_path):
    command = (
        "-P",
        "-m",
        "semvet",
        "run",
        "quickstart",
        "attack=negative",
        "attack.poison_ratio=2",
    )
    done = python(*command, env=installed, cwd=tmp_path, timeout=100)
    assert done.returncode == 2
    assert "attack.poison_ratio: 2 is not allowed; allowed: a number > 0 and <= 1" in done.stderr
