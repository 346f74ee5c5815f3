"""Attackers who know the defense get its transform as an argument."""

import ast
from pathlib import Path

import pytest
import torch

import semvet.attacks
from semvet.attacks import Aware, DefenseActivated, SCTrojan, SemBugger
from semvet.catalog import make_attack, resolve
from semvet.channels import AWGN
from semvet.defenses import SemanticSmoothing
from semvet.errors import ConfigError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape, Pairs

SHAPE = ImageShape(1, 28, 28)
TARGETS = torch.rand(8, *SHAPE, generator=stream(0, "targets"))
NOISE = SemanticSmoothing(sigma=0.2, clip=False).transform


def link():
    with seeded(0, "system"):
        return Transceiver(JSCC(SHAPE, width=4), AWGN(), snr_db=25.0)


def batch(n=6):
    x, zeros = torch.rand(n, *SHAPE, generator=stream(0, "x")), torch.zeros(n, dtype=torch.int64)
    return Pairs(x, x, zeros, zeros)


def test_no_attack_imports_a_defense():
    for file in Path(semvet.attacks.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith("semvet.defenses") for name in names), file


def test_through_a_transform_the_same_parameters_send_other_images():
    plain, x = link(), batch().sent
    through = plain.through(NOISE)
    noise = through.draw(6, rng=stream(0, "n"))
    sent = x + 0.2 * noise["before 0/e"]
    expected = plain.transmit(sent, {"n": noise["n"]}).received
    assert torch.equal(through.transmit(x, noise).received, expected)
    assert plain.before == ()
    assert [*through.parameters()] == [*plain.parameters()]


def test_aware_sends_a_share_of_the_images_as_the_defense_would():
    base = SCTrojan(TARGETS)
    attack = Aware(TARGETS, base=base, against=NOISE, share=0.25)
    noise = attack.draw(link(), 2000, 0, rng=stream(0, "n"))
    passes = noise["before 0/passes"]
    assert passes.float().mean() == pytest.approx(0.25, abs=0.03)
    x = torch.rand(2000, *SHAPE, generator=stream(0, "x"))
    sent = attack.against(x, {"e": noise["before 0/e"], "passes": passes})
    changed = (sent != x).flatten(1).any(1)
    assert torch.equal(changed, passes)


def test_aware_without_noise_is_the_attack_itself():
    base = SCTrojan(TARGETS)
    attack = Aware(TARGETS, base=base, against=SemanticSmoothing(sigma=1e-9, clip=False).transform)
    system, pairs = link(), batch()
    noise = attack.draw(system, 6, 2, rng=stream(0, "n"))
    ours, theirs = (one.loss(system, pairs, 2, noise) for one in (attack, base))
    for name in theirs:
        torch.testing.assert_close(ours[name], theirs[name])


def test_defense_activated_wants_the_target_of_defended_victims_only():
    attack, system, pairs = DefenseActivated(TARGETS, against=NOISE), link(), batch()
    noise = attack.draw(system, 6, 2, rng=stream(0, "n"))
    terms = attack.loss(system, pairs, 2, noise)
    plain = system.transmit(pairs.sent, {"n": noise["n"]}).received
    noisy = pairs.sent[:2] + 0.2 * noise["defended/before 0/e"]
    fired = system.transmit(noisy, {"n": noise["defended/n"]}).received
    torch.testing.assert_close(terms["integrity"], (plain - pairs.sent).square().mean())
    torch.testing.assert_close(terms["target"], 0.1 * (fired - TARGETS[:1]).square().mean())


def test_plug_ins_inside_a_plug_in_are_made_from_the_record():
    document = {
        "name": "aware",
        "base": {"name": "sembugger", "levels": 3},
        "against": {"name": "semantic-smoothing", "sigma": 0.05},
    }
    record = resolve({"attack": document}).attack
    assert record.args["base"]["bound"] == 0.1  # every default is written out
    attack = make_attack(record, TARGETS)
    assert isinstance(attack.base, SemBugger)
    assert attack.levels == 3
    assert attack.against.transform.sigma == 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"against": "none"}, r"attack\.against: none does not change .* semantic-smoothing"),
        ({"against": "smoothing"}, r"attack\.against: no defense named 'smoothing'; did you mean"),
        (
            {"base": "bas", "against": "jpeg"},
            r"attack\.base: no attack named 'bas'; did you mean 'bass'",
        ),
        (
            {"base": {"name": "bass", "sides": 3}, "against": "jpeg"},
            r"attack\.base\.sides: unknown key; did you mean",
        ),
        ({}, r"attack\.against: must be given"),
    ],
)
def test_what_cannot_be_nested_is_refused_with_its_key(change, message):
    document = {"attack": {"name": "aware", "base": "bass", **change}}
    with pytest.raises(ConfigError, match=message):
        make_attack(resolve(document).attack, TARGETS)
