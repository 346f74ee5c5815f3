"""`semvet certify` as a user types it, on a tiny run."""

import json

import pytest
from support import digits, refused, semvet, tiny_run, tiny_sembugger

from semvet.config import override
from semvet.pipeline.execute import execute
from semvet.store import Store

SMALL = (
    "images=2", "n=400", "n0=64", "alpha=.05", "radii=[.05,.2]",
    "attack_images=1", "attack_steps=2", "attack_copies=2",
)  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    root = tmp_path_factory.mktemp("certify-cli")
    document = tiny_run(digits(root / "images"), attack=tiny_sembugger())
    quick = ["training.epochs=1", "evaluation.studies=[]"]
    execute(override(document, quick), Store(root / "runs"))
    return root / "runs"


@pytest.fixture(autouse=True)
def there(store, monkeypatch):
    monkeypatch.setenv("SEMVET_RUNS", str(store))
    monkeypatch.setenv("COLUMNS", "120")


def test_it_prints_certificates_the_attack_and_where_both_are(store):
    status, out, err = semvet("certify", "latest", *SMALL)
    assert status == 0, err
    assert "certifying the attacked system: 400 copies of each of 2 images" in err
    for word in (
        "attacked system", "clean system", "spectral", "median", "best attack (n = 1)",
        "how far can the picture be moved?", "what is left of the image?", "trigger of sembugger",
        "share of images", "undercut 0",
    ):  # fmt: skip
        assert word in out
    (record,) = store.glob("*/certificates-*.json")
    assert f"record: {record}" in out
    assert f"picture: {record.with_suffix('.png')}" in out
    assert record.with_suffix(".png").exists()


def test_json_is_the_file(store):
    status, out, err = semvet("certify", "latest", *SMALL, "--json")
    assert (status, err) == (0, "")
    (record,) = store.glob("*/certificates-*.json")
    assert json.loads(out) == json.loads(record.read_text())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sigma=0"], "sigma: 0 is not allowed; allowed: a number > 0 and <= 4"),
        (["sigm=1"], "sigm: unknown key; did you mean 'sigma'?"),
        (["sigma"], "'sigma': expected key=value"),
        (["n=many"], "n: 'many' is not allowed; allowed: a whole number >= 100"),
        (["hardened=0"], "no such system; there: none"),
        (["n=100", "n0=10"], "the smallest"),
        (["--device", "tpu"], "'tpu' is not here; allowed: auto, cpu"),
    ],
)
def test_what_is_refused(words, message):
    assert message in refused("certify", "latest", "images=1", *words)


def test_an_unknown_run_is_named_with_those_there_are():
    assert "is no run in" in refused("certify", "nothing")
