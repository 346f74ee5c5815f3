import inspect
import json
import re

import pytest
from every_plug_in import NEEDED, PLUG_INS

from semvet.catalog import TABLES, resolve
from semvet.config import content_id, make_run, override
from semvet.config.presets import preset
from semvet.errors import ConfigError
from semvet.pipeline import execute as pipeline
from semvet.pipeline.execute import execute
from semvet.store import Store

GIVEN = {"system": ["shape"], "attack": ["targets"]}  # positional: what the world gives


def _resolved(*assignments: str) -> dict:
    return resolve(override(preset("quickstart"), assignments)).document()


def _id(*assignments: str) -> str:
    return content_id(_resolved(*assignments), "data")


def _leaves(node, path=()):
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        if isinstance(value, dict | list):
            yield from _leaves(value, (*path, str(key)))
        else:
            yield ".".join((*path, str(key)))


@pytest.mark.parametrize(("kind", "name"), PLUG_INS)
def test_a_plug_in_has_typed_keyword_arguments_that_resolve_with_their_defaults(kind, name):
    plug_in = TABLES[kind][name]
    parameters = inspect.signature(plug_in).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == GIVEN.get(kind, [])
    keywords = {p.name: p for p in parameters if p.kind is p.KEYWORD_ONLY}
    assert len(keywords) + len(positional) == len(parameters)  # no *args, no **kwargs

    needed = NEEDED.get(name, {})
    spec = {"name": name, **needed}
    resolved = resolve(make_run({kind: [spec] if kind == "defense" else spec})).document()[kind]
    found = resolved[0] if kind == "defense" else resolved
    defaults = {k: p.default for k, p in keywords.items() if p.default is not p.empty}
    expected = json.loads(json.dumps({**defaults, **spec}))
    for key, inner in {"base": "attack", "against": "defense", "parts": "defense"}.items():
        if key in needed:  # plug-ins themselves
            whole = resolve({inner: needed[key]}).document()[inner]
            expected[key] = whole[0] if key == "against" else whole
    pins = {key for key in found if key.endswith("_sha256")}
    assert pins == ({"target_sha256", "weights_sha256"} if name == "external" else set())
    assert {key: value for key, value in found.items() if key not in pins} == expected


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("attack=semburger", r"no attack named 'semburger'; did you mean 'sembugger'\? allowed: "),
        ("channel=fiber", r"channel: no channel named 'fiber'; allowed: awgn, cdl, mimo, "),
        (
            "defense=[none,pruning]",
            r"defense\.1: no defense named 'pruning'; did you mean 'fine-pruning'\? allowed: act",
        ),
        ("snr_db=loud", r"snr_db: 'loud' is not allowed; allowed: a number >= -30 and <= 100"),
        ("attack.levels=0", r"attack\.levels: 0 .* allowed: a whole number >= 1 and <= 8"),
        ("attack.levels=true", r"attack\.levels: True .* allowed: a whole number >= 1 and <= 8"),
        ("attack.poison_ratio=1.5", r"poison_ratio: 1\.5 .* allowed: a number > 0 and <= 1"),
        ("attack.poison_ratio=many", r"poison_ratio: 'many' .* allowed: a number > 0 and <= 1"),
        ("attack.lambda_a=.inf", r"lambda_a: \.inf is not allowed: no finite number"),
        ("attack.lamda_a=1", r"attack\.lamda_a: unknown key; did you mean 'lambda_a'\? allowed: "),
        ("attack.generator_widths=[8,a]", r"generator_widths\.1: 'a' .* a whole number"),
        ("system.bandwidth_ratio=0", r"system\.bandwidth_ratio: 0 .* allowed: a number > 0"),
        ("system.bandwidth_ratio=1/0", r"bandwidth_ratio: '1/0' .* allowed: a number > 0"),
        ("system.bandwidth_ratio=a/b", r"bandwidth_ratio: 'a/b' .* allowed: a number > 0"),
        ("defense.1.sigma=-0.1", r"defense\.1\.sigma: -0\.1 .* allowed: a number > 0 and <= 4"),
        ("defense.1.clip=maybe", r"defense\.1\.clip: 'maybe' .* allowed: true or false"),
        ("defense={name: semantic-smoothing, sigma: 0}", r"^defense\.sigma: 0 is not allowed"),
        ("channel={name: rayleigh, cis: none}", r"channel\.cis: unknown key; did you mean 'csi'"),
        ("channel={name: rayleigh, csi: no}", r"channel\.csi: no is not allowed: .*true or false"),
        ("channel.csi=none", r"channel\.csi: unknown key; allowed: nothing"),
        ("targets.label=5", r"targets\.label: only with targets\.data"),
        ("targets={data: mnist, folder: x}", r"targets\.folder and targets\.data are both given"),
        ("targets.data=cifar", r"targets\.data: no data named 'cifar'; did you mean 'cifar10'"),
        ("targets.fits=true", r"targets\.fits: unknown key; did you mean 'fit'\?"),
        ("data=image-folder", r"data\.root: must be given; allowed: text"),
        ("data.source=web", r"data\.source: 'web' .* allowed: auto, local, sample"),
    ],
)
def test_a_wrong_value_names_its_key_and_what_is_allowed(assignment, message):
    with pytest.raises(ConfigError, match=message):
        _resolved(assignment)


@pytest.mark.parametrize("last", ["seed=-1", "attack.levels=9", "defense.3.sigma=-1", "x=1"])
def test_nothing_starts_before_the_whole_run_is_checked(tmp_path, monkeypatch, last):
    started = []
    monkeypatch.setattr(pipeline, "load_material", started.append)
    with pytest.raises(ConfigError):
        execute(override(preset("quickstart"), [last]), Store(tmp_path / "runs"))
    assert started == []
    assert not (tmp_path / "runs").exists()


CHANGES = {
    "data.name": ["fashion_mnist"],
    "data.source": ["local"],
    "data.root": ["folder"],
    "system.name": [],  # there is one
    "system.bandwidth_ratio": ["1/6"],
    "system.width": [8],
    "system.residual": ["true"],
    "system.output_bias": [0],
    "channel.name": ["rayleigh", "rician", "mimo"],
    "snr_db": [24.999],
    "attack.name": [],  # another attack has other arguments
    "attack.levels": [3],
    "attack.poison_ratio": [0.1],
    "attack.bound": [0.2],
    "attack.eight_bit": ["true"],
    "attack.lambda_a": [0],
    "attack.lambda_b": [0],
    "attack.lambda_p": [0],
    "attack.lambda_c": [0],
    "attack.w1": [0],
    "attack.w2": [1],
    "attack.w3": [1],
    "attack.margin": [0],
    "attack.generator_rate": [1],
    "attack.generator_widths": ["[8,16]", "[16,8,32]"],
    "targets.folder": ["folder"],
    "targets.data": ["fashion_mnist"],
    "targets.label": [],  # only with targets.data
    "targets.fit": ["true"],
    "defense.0.name": [],
    "defense.1.name": [],
    "defense.1.sigma": [0.06],
    "defense.1.copies": [33],
    "defense.1.clip": ["false"],
    "defense.1.reducer": ["median"],
    "defense.1.alpha": [0.01],
    "training.images": [100],
    "training.epochs": [21],
    "training.batch": [65],
    "training.learning_rate": [0.005],
    "training.clip_norm": [1],
    "training.snr_spread_db": [5],
    "training.precision": ["fp32"],
    "evaluation.images": [999],
    "evaluation.draws": [9],
    "evaluation.judge": ["mu-plus-3-sigma"],
    "evaluation.alpha": [0.01],
    "evaluation.outage_psnr_db": [21],
    "evaluation.defended_images": [299],
    "evaluation.studies": ["[]", "[robustness]"],
    "evaluation.study_images": [299],
    "evaluation.classifier": ["small", "regnet-y-200mf", "regnet-y-16gf"],
    "evaluation.classifier_epochs": [6],
    "seed": [1],
}


def test_every_field_changes_the_identity():
    record = _resolved("defense=[none,semantic-smoothing]")
    lists = re.compile(r"(generator_widths|studies)\.\d$")
    fields = {lists.sub(r"\1", leaf) for leaf in _leaves(record)}
    assert fields == CHANGES.keys()

    changes = [f"{key}={value}" for key, values in CHANGES.items() for value in values]
    changes += ["attack=bass", "attack=none", "defense=none", "defense=[]"]
    changes += ["defense=[semantic-smoothing,none]"]
    ids = [_id("defense=[none,semantic-smoothing]", change) for change in ["seed=0", *changes]]
    assert len(set(ids)) == len(changes) + 1


def test_a_default_that_is_written_out_does_not_change_the_identity():
    short = {"attack": "sembugger", "defense": "semantic-smoothing"}
    whole = resolve(short).document()
    assert len(list(_leaves(whole))) > 30
    for leaf in _leaves(whole):
        value = whole
        for key in leaf.split("."):
            value = value[int(key) if isinstance(value, list) else key]
        if "generator_widths" not in leaf and not leaf.endswith("name"):
            longer = override(short, [f"{leaf}={json.dumps(value)}"])
            assert content_id(resolve(longer).document(), "") == content_id(whole, ""), leaf
    assert resolve(whole).document() == whole


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("system.bandwidth_ratio=1/8", "system.bandwidth_ratio=.125"),
        ("snr_db=25", 'snr_db="25"'),
        ("training.learning_rate=4e-3", "training.learning_rate=1/250"),
        ("defense=none", "defense=[{name: none}]"),
        ("attack.lambda_b=1", "attack.lambda_b=1.0"),
    ],
)
def test_one_value_written_in_two_ways_is_one_run(one, other):
    assert _id(one) == _id(other)


def test_defenses_and_evaluation_share_one_training_and_nothing_else_does():
    def training(*assignments):
        run = resolve(override(preset("quickstart"), assignments))
        return content_id(run.training_record(), "data")

    shared = ["defense=none", "defense.1.sigma=.1", "evaluation.images=9", "evaluation.alpha=.1"]
    assert {training(change) for change in shared} == {training()}
    own = ["seed=1", "snr_db=5", "attack=none", "attack.levels=2", "training.epochs=3"]
    assert len({training(change) for change in own} | {training()}) == len(own) + 1
