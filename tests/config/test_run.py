import random

import pytest
import yaml

from semvet.config import NUMERICS, Run, Spec, content_id, make_run, nearest, override
from semvet.errors import ConfigError

DOCUMENT = {
    "data": "mnist",
    "attack": {"name": "sembugger", "levels": 4, "poison_ratio": 0.2},
    "defense": ["none", {"name": "semantic-smoothing", "sigma": 0.25}],
    "snr_db": 25,
}


@pytest.mark.parametrize(
    ("assignment", "key", "value"),
    [
        ("snr_db=5", "snr_db", 5),
        ("attack=bass", "attack", "bass"),
        ("attack={name: bass, side: 3}", "attack", {"name": "bass", "side": 3}),
        ("attack.levels=2", "attack", {"name": "sembugger", "levels": 2, "poison_ratio": 0.2}),
        ("attack.bound=1/8", "attack", {**DOCUMENT["attack"], "bound": "1/8"}),
        ("data.source=sample", "data", {"name": "mnist", "source": "sample"}),
        ("defense=none", "defense", "none"),
        ("defense=[semantic-smoothing,none]", "defense", ["semantic-smoothing", "none"]),
        ("defense.1=none", "defense", ["none", "none"]),
        ("defense.0.sigma=.1", "defense", [{"name": "none", "sigma": 0.1}, DOCUMENT["defense"][1]]),
        ("training.epochs=3", "training", {**Run().document()["training"], "epochs": 3}),
        ("system.width=8", "system", {"name": "jscc", "width": 8}),
        ("new=1", "new", 1),
    ],
)
def test_an_override_replaces_or_edits_what_its_key_says(assignment, key, value):
    assert override(DOCUMENT, [assignment]) == {**DOCUMENT, key: value}


@pytest.mark.parametrize("one", ["x", ["x"], {"name": "x"}, [{"name": "x"}]])
@pytest.mark.parametrize("key", ["defense.sigma", "defense.0.sigma"])
def test_a_single_defense_needs_no_number(one, key):
    changed = override({"defense": one}, [f"{key}=.1"])
    assert make_run(changed).document()["defense"] == [{"name": "x", "sigma": 0.1}]


def test_overrides_apply_in_order():
    changed = override(DOCUMENT, ["attack=bass", "attack.side=3", "snr_db=1", "snr_db=2"])
    assert changed["attack"] == {"name": "bass", "side": 3}
    assert changed["snr_db"] == 2


def test_an_override_leaves_the_given_document_alone():
    before = yaml.safe_dump(DOCUMENT)
    override(DOCUMENT, ["attack.levels=2", "defense.0.sigma=.1", "data.source=sample"])
    assert yaml.safe_dump(DOCUMENT) == before


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("snr_db", r"'snr_db': expected key=value, for example snr_db=5"),
        ("=5", r"'=5': expected key=value"),
        ("attack=[", r"attack: '\[' is not a YAML value"),
        ("defense.sigma=1", r"defense\.sigma: which one\? allowed: defense\.0, defense\.1"),
        ("defense.2=none", r"defense\.2: which one\? allowed: defense\.0, defense\.1"),
        ("defense.².sigma=1", r"which one\? allowed: defense\.0, defense\.1"),
        ("snr_db.x=1", r"snr_db\.x: snr_db is a plain value and has no keys"),
        ("attack..levels=1", r"attack\.\.levels: no key; a key is up to 32 words"),
        ("a" * 201 + "=1", r"^a{200}: no key; a key is up to 32 words of at most 200 characters"),
        (".".join("a" * 33) + "=1", r"no key; a key is up to 32 words"),
        ("\x1b[2J=1", r"^\?\[2J: no key"),
        ("attack.levels=[1, 010]", r"^attack\.levels\.1: 010 is not allowed: .* leave them out"),
    ],
)
def test_an_override_that_means_nothing_is_refused(assignment, message):
    with pytest.raises(ConfigError, match=message):
        override(DOCUMENT, [assignment])


def test_a_key_of_a_plain_item_of_a_list_is_refused():
    with pytest.raises(ConfigError, match=r"defense\.0\.sigma: 3 is a plain value"):
        override({"defense": [3]}, ["defense.0.sigma=1"])


def test_an_item_of_a_long_list_is_asked_for_by_its_range():
    with pytest.raises(ConfigError, match=r"which one\? allowed: defense\.0 to defense\.99$"):
        override({"defense": ["none"] * 100}, ["defense.100=none"])


def test_a_document_that_holds_itself_is_refused():
    document = {"attack": {"name": "aware"}}
    document["attack"]["base"] = document["attack"]
    with pytest.raises(ConfigError, match=r"^attack\.base\.base.*: nested deeper than 32 levels"):
        override(document, [])


def test_nothing_can_be_chosen_from_an_empty_list():
    with pytest.raises(ConfigError, match="none: it is empty"):
        override({"defense": []}, ["defense.sigma=1"])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"snr": 5}, r"snr: unknown key; did you mean 'snr_db'\? allowed: attack, channel, "),
        ({"training": {"epoch": 5}}, r"training\.epoch: unknown key; did you mean 'epochs'\?"),
        ({3: 5}, r"3: unknown key"),
        ({"snr_db": "loud"}, r"snr_db: 'loud' .* allowed: a number >= -30 and <= 100"),
        ({"snr_db": 101}, r"snr_db: 101 .* allowed: a number >= -30 and <= 100"),
        ({"snr_db": float("nan")}, r"snr_db: nan is not allowed"),
        ({"snr_db": True}, r"snr_db: True is not allowed"),
        ({"snr_db": yaml.safe_load("2020-01-01")}, r"snr_db: datetime.* is not allowed"),
        ({"seed": -1}, r"seed: -1 .* allowed: a whole number >= 0"),
        ({"seed": 1.5}, r"seed: 1\.5 .* allowed: a whole number >= 0"),
        ({"training": {"batch": 1}}, r"training\.batch: 1 .* whole number >= 2 and <= 65536"),
        ({"training": {"precision": "fp8"}}, r"precision: 'fp8' .* allowed: auto, bf16, fp32"),
        ({"training": {"learning_rate": "1/0"}}, r"learning_rate: '1/0' .* number > 0 and <= 1"),
        (
            {"training": 3},
            r"training: 3 is not allowed; allowed: {images: \.\.\., epochs: \.\.\., batch: ",
        ),
        ({"evaluation": {"alpha": 0.5}}, r"evaluation\.alpha: 0\.5 .* a number > 0 and < 0\.5"),
        ({"evaluation": {"judge": "me"}}, r"judge: 'me' .* allowed: conformal, mu-plus"),
        ({"attack": None}, r"attack: None is not allowed; allowed: a name, or {name: NAME"),
        ({"attack": {"levels": 2}}, r"attack\.name: must be given"),
        ({"defense": ["none", 3]}, r"defense\.1: 3 is not allowed; allowed: a name, or"),
    ],
)
def test_a_wrong_document_names_the_key_and_what_is_allowed(document, message):
    with pytest.raises(ConfigError, match=message):
        make_run(override(document, []))


def test_all_mistakes_are_named_at_once():
    with pytest.raises(ConfigError) as caught:
        make_run({"snr": 5, "seed": -1, "training": {"epochs": -1}})
    named = {line.partition(":")[0] for line in str(caught.value).splitlines()}
    assert named == {"snr", "seed", "training.epochs"}


def test_an_unknown_word_far_from_all_others_gets_the_list_only():
    assert nearest("xyzzy", ["bass", "none"]) == "allowed: bass, none"
    assert nearest("bas", ["bass", "none"]) == "did you mean 'bass'? allowed: bass, none"


def _shuffled(node, rng):
    if isinstance(node, list):
        return [_shuffled(item, rng) for item in node]
    if not isinstance(node, dict):
        return node
    keys = list(node)
    rng.shuffle(keys)
    return {key: _shuffled(node[key], rng) for key in keys}


def test_the_order_of_keys_does_not_change_the_identity():
    document, rng = make_run(DOCUMENT).document(), random.Random(0)
    shuffled = [_shuffled(document, rng) for _ in range(5)]
    assert len({tuple(s) for s in shuffled}) > 1
    assert {content_id(s, "data") for s in shuffled} == {content_id(document, "data")}


def test_the_order_of_defenses_changes_the_identity():
    document = make_run(DOCUMENT).document()
    turned = {**document, "defense": document["defense"][::-1]}
    assert content_id(turned, "data") != content_id(document, "data")


def test_the_data_change_the_identity():
    assert content_id({}, "one") != content_id({}, "other")


def test_the_numerics_version_changes_the_identity():
    found = {content_id({}, "data", numerics=version) for version in (NUMERICS, NUMERICS + 1)}
    assert len(found | {content_id({}, "data")}) == 2


def test_the_identity_is_the_same_on_every_machine_and_day():
    record = {"a": [1, 0.5, None, "ö"]}
    assert content_id(record, "data", numerics=1) == "35ac2f376647"


def test_another_attack_is_the_same_run_without_defenses():
    run = make_run(DOCUMENT)
    clean = {**run.document(), "attack": {"name": "none"}, "defense": []}
    assert run.under(Spec(name="none")).document() == clean


def test_a_document_describes_the_same_run_again():
    run = make_run(DOCUMENT)
    assert make_run(yaml.safe_load(yaml.safe_dump(run.document()))) == run
