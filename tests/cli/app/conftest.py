"""What several of these tests start from."""

import shutil

import pytest
import yaml
from support import digits, semvet, tiny_run, tiny_sembugger


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="session")
def finished(folder, tmp_path_factory):
    """A folder with tiny.yaml and what `semvet run tiny.yaml --json` left in store/."""
    root = tmp_path_factory.mktemp("finished")
    document = tiny_run(folder, attack=tiny_sembugger(), defense=["none", "semantic-smoothing"])
    document["defense"][1] = {"name": "semantic-smoothing", "copies": 2}
    (root / "tiny.yaml").write_text(yaml.safe_dump(document))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMVET_RUNS", str(root / "store"))
        status, out, err = semvet("run", root / "tiny.yaml", "--json")
    assert (status, err) == (0, "")
    (root / "stdout.json").write_text(out)
    return root


@pytest.fixture
def done(finished, tmp_path, monkeypatch):
    """A copy of `finished` for one test."""
    copy = shutil.copytree(finished, tmp_path / "finished")
    monkeypatch.setenv("SEMVET_RUNS", str(copy / "store"))
    return copy
