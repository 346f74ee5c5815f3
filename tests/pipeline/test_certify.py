"""Small certifications of a tiny run: what is written, and what is refused."""

import json
import shutil

import pytest
from support import digits, tiny_run, tiny_sembugger

import semvet as sv
from semvet.config import override
from semvet.errors import ConfigError, DefenseError, StoreError, WeightsError
from semvet.pipeline import certify as stage
from semvet.pipeline.certify import make_certifying
from semvet.pipeline.execute import execute
from semvet.records import CertificateRecord, Certifying
from semvet.store import RunFolder, Store, read_weights

SMALL = {
    "images": 2, "n": 400, "n0": 64, "alpha": 0.05, "radii": [0.05, 0.2],
    "attack_images": 1, "attack_steps": 2, "attack_copies": 2,
}  # fmt: skip
QUICK = ("training.epochs=1", "evaluation.studies=[]")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with images/ and runs/, where one attacked run is finished."""
    root = tmp_path_factory.mktemp("certify")
    document = tiny_run(digits(root / "images"), attack=tiny_sembugger())
    execute(override(document, QUICK), Store(root / "runs"))
    sv.certify("latest", SMALL, runs=root / "runs")
    return root


@pytest.fixture
def done(finished, tmp_path):
    """A copy of the finished run, and of what it was certified with."""
    (folder,) = Store(shutil.copytree(finished / "runs", tmp_path / "copy")).runs()
    return folder


def certified(folder: RunFolder, **changes):
    path = sv.certify(folder.path, SMALL | changes)
    record = json.loads(path.read_text())
    CertificateRecord.model_validate(record)
    return record


def test_every_curve_has_quantiles_shares_and_abstentions_at_every_radius(done):
    record = certified(done)
    assert list(record["systems"]) == ["attacked", "clean"]
    assert record["radii"] == [0.05, 0.2]
    for system in record["systems"].values():
        assert set(system["curves"]) >= {"total-variation", "mean", "trace", "spectral", "median"}
        for curve in system["curves"].values():
            assert curve["smoother"] in ("mean", "median", "center")
            for key in ("between_db", "truth_db"):
                low, middle, high = (curve[key][q] for q in ("low", "median", "high"))
                assert all(a <= b <= c for a, b, c in zip(low, middle, high, strict=True))
                assert set(curve[f"share_{key}_at_least"]) == {"15", "20", "25", "30"}
            assert len(curve["abstained"]) == 2


def test_the_record_says_what_the_numbers_mean(done):
    record = certified(done)
    for key, value in SMALL.items():
        assert record["asked"][key] == value
    assert record["expected_failures"] == pytest.approx(0.1)
    weights = json.loads((done.path / "weights.json").read_text())
    assert record["weights_sha256"] == weights["sha256"]
    for one in record["systems"]["attacked"]["by_image"]:
        assert (one["n"], one["n0"], one["alpha"], one["sigma"]) == (400, 64, 0.05, 0.25)


def test_the_attacks_own_triggers_are_measured_level_by_level(done):
    trigger = certified(done)["trigger"]
    assert trigger["attack"] == "sembugger"
    assert [len(norms) for norms in trigger["l2"]] == [2, 2]
    assert all(norm > 0 for norms in trigger["l2"] for norm in norms)


def test_the_attack_stands_beside_the_certificates_and_never_crosses_them(done):
    for system in certified(done)["systems"].values():
        assert system["found"]["n"] == 1
        assert [len(ladder) for ladder in system["found"]["by_image"]] == [2]
        assert system["compared"]["values"] > 0
        assert system["compared"]["crossings"] == 0


def test_the_picture_lies_beside_the_record(done):
    (path,) = done.path.glob("certificates-*.json")
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_the_same_certification_returns_at_once(done, monkeypatch):
    def must_not_start(*_, **__):
        raise AssertionError("certified again")

    before = certified(done)
    monkeypatch.setattr(stage, "reload", must_not_start)
    assert certified(done) == before
    assert len(list(done.path.glob("certificates-*.json"))) == 1


def test_an_images_certificate_does_not_depend_on_how_many_there_are(done):
    both, alone = certified(done), certified(done, images=1, attack_images=0)
    for name in ("attacked", "clean"):
        first, only = (one["systems"][name]["by_image"][0] for one in (both, alone))
        assert first == only


def test_without_the_null_control_in_the_store_the_attacked_system_stands_alone(done):
    shutil.rmtree(done.path.parent / "trained")
    record = certified(done, images=1, attack_images=0)
    assert list(record["systems"]) == ["attacked"]
    assert record["systems"]["attacked"]["found"] is None


def test_a_run_without_attack_is_its_own_null_control(finished, tmp_path):
    run = execute(override(tiny_run(finished / "images"), QUICK), Store(tmp_path))
    record = certified(run, images=1, attack_images=0)
    assert list(record["systems"]) == ["clean"]
    assert record["trigger"] == {"attack": "none", "l2": []}
    assert record["systems"]["clean"]["targets"] == []


def test_a_hardened_system_can_be_certified_instead(done):
    (path,) = [
        one for one in (done.path.parent / "trained").glob("*/weights.safetensors")
        if json.loads(one.with_suffix(".json").read_text())["record"]["attack"]["name"] == "none"
    ]  # fmt: skip
    clean = {k: v for k, v in read_weights(path).items() if k.startswith("link/")}
    done.write_hardened(0, clean, {})
    manifest = done.manifest
    done.write_manifest(fingerprint=manifest.fingerprint, finished=manifest.finished)
    record = certified(done, images=1, attack_images=0, hardened=0)
    attacked, clean = (record["systems"][name]["by_image"] for name in ("attacked", "clean"))
    assert attacked == clean
    with pytest.raises(StoreError, match=r"no such system; there: hardened-0"):
        certified(done, hardened=3)


def test_changed_weights_are_refused(done):
    path = done.path / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(WeightsError, match="SHA-256"):
        certified(done, images=1)


def test_other_data_than_the_runs_are_refused(finished, done):
    extra = finished / "images" / "0" / "extra.png"
    shutil.copy(next((finished / "images" / "1").glob("*.png")), extra)
    try:
        with pytest.raises(StoreError, match=r"the data of fingerprint .*point SEMVET_DATA"):
            certified(done, images=1)
    finally:
        extra.unlink()


def test_an_unfinished_run_is_refused(done):
    (done.path / "manifest.json").unlink()
    (done.path / "metrics.json").unlink()
    with pytest.raises(StoreError, match="not finished"):
        certified(done, images=1)


def test_too_few_copies_are_refused_before_a_file_is_written(done):
    before = set(done.path.iterdir())
    with pytest.raises(DefenseError, match="n0: 10 "):
        certified(done, n=100, n0=10, alpha=1e-6)
    assert set(done.path.iterdir()) == before


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"sigma": 0}, "sigma: 0 is not allowed; allowed: a number > 0 and <= 4"),
        ({"sigm": 1}, "sigm: unknown key; did you mean 'sigma'?"),
        ({"radii": [0.1, -1]}, "radii.1: -1 is not allowed"),
        ({"radii": []}, "radii: "),
        ({"n": True}, "n: True is not allowed"),
    ],
)
def test_a_wrong_value_names_its_key_and_what_is_allowed(document, message):
    with pytest.raises(ConfigError) as caught:
        make_certifying(document)
    assert message in str(caught.value)


def test_radii_follow_sigma_unless_they_are_given():
    assert Certifying(sigma=0.5).at[0] == pytest.approx(0.05)
    assert Certifying(sigma=0.5).at[-1] == pytest.approx(1.5)
    assert Certifying(radii=(0.3, 0.1)).at == [0.1, 0.3]
