"""What must hold for anything in the ATTACKS table once it is part of a run."""

import hashlib

import pytest
from every_attack import RUNS
from support import digits, tiny_run

from semvet import api
from semvet.attacks import ATTACKS
from semvet.catalog import make_source, null_control, resolve
from semvet.config import content_id
from semvet.data import split
from semvet.pipeline.recipes import untrained

FIGURES = {"images": 60, "draws": 1, "defended_images": 10, "alpha": 0.05, "studies": []}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return digits(tmp_path_factory.mktemp("digits"))


def run_of(folder, name, **changes):
    """On digits; a scene's element where the attack needs one."""
    document = tiny_run(folder, attack=RUNS.get(name, name), evaluation=FIGURES)
    if name == "csba":
        document["data"] = {"name": "scenes", "source": "sample", "count": 400, "test_count": 80}
    return document | changes


@pytest.mark.parametrize("name", ATTACKS)
def test_targets_are_in_no_part_of_the_data(folder, name):
    run = resolve(run_of(folder, name))
    parts = split(make_source(run.data).load(), seed=0)
    _, attack = untrained(run, parts)
    for target in (attack.targets * 255).round():
        for part in (parts.train, parts.calibration, parts.test):
            assert not (part.pixels == target).flatten(1).all(1).any()


@pytest.mark.parametrize("name", ATTACKS)
def test_the_null_control_depends_on_nothing_of_the_attack(folder, name):
    run = resolve(run_of(folder, name))
    control = null_control(run)
    if ATTACKS[name].null is None:
        assert control == null_control(resolve(run_of(folder, name, attack="none")))
    else:
        assert untrained(control, split(make_source(run.data).load(), seed=0))[1].poison_ratio == 0


def test_the_clean_system_is_the_same_before_and_after_it_was_attacked(folder, runs):
    alone = api.run(run_of(folder, "none"))
    record = null_control(resolve(alone.record.config)).training_record()
    fingerprint = alone.record.provenance.data_fingerprint
    weights = runs / "trained" / content_id(record, fingerprint) / "weights.safetensors"
    before = hashlib.sha256(weights.read_bytes()).hexdigest()
    for name in ("bass", "ihtg"):
        both = api.run(run_of(folder, name)).record.systems
        assert both.clean.psnr_db == alone.record.systems.clean.psnr_db
        assert both.attacked.psnr_db != both.clean.psnr_db
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == before


def test_the_victims_are_the_same_whatever_the_batch(folder):
    def victims(batch):
        training = {"epochs": 1, "batch": batch}
        run = api.run(run_of(folder, "ihtg", training=training))
        return (run.path / "poison.json").read_text()

    assert victims(16) == victims(48)


@pytest.mark.parametrize("name", [name for name in ATTACKS if name != "none"])
def test_no_backdoor_can_be_implanted_into_a_link_that_cannot_learn(folder, name):
    found = api.run(run_of(folder, name, system="identity")).record
    if ATTACKS[name].goal == "label":
        pytest.skip("its backdoor is in the receiver's classifier, which does learn")
    for level in found.systems.attacked.levels:
        assert level.asr.value - level.benign.value <= 0.05
