"""Each attack of the table as conformance tests build it, and data that all of them can poison."""

import torch

from semvet.attacks import ATTACKS, BASS, Attack, SemBugger
from semvet.defenses import SelfLoop, SemanticSmoothing
from semvet.randomness import seeded, stream
from semvet.types import ImageShape, Pairs

SHAPE = ImageShape(1, 28, 28)
NOISE = SemanticSmoothing(sigma=0.1).transform
SMOOTHING = {"name": "semantic-smoothing", "sigma": 0.1}
RUNS = {  # attacks whose arguments have no defaults, as a run's record has them
    "aware": {"name": "aware", "base": "ihtg", "against": SMOOTHING},
    "defense-activated": {"name": "defense-activated", "against": SMOOTHING},
    "pruning-aware": {"name": "pruning-aware", "base": "bass"},
    "detector-aware": {"name": "detector-aware", "base": "ihtg", "against": "self-loop"},
}


def make_attack(name: str, shape: ImageShape = SHAPE) -> Attack:
    targets = images(16, "targets", shape)
    needed = {
        "aware": lambda: {"base": SemBugger(targets, levels=3), "against": NOISE},
        "defense-activated": lambda: {"against": NOISE},
        "pruning-aware": lambda: {"base": BASS(targets)},
        "detector-aware": lambda: {
            "base": SemBugger(targets, levels=3),
            "against": SelfLoop().statistic,
        },
    }
    with seeded(0, "attack"):
        return ATTACKS[name](targets, **needed.get(name, dict)())


def pixels(n: int, name: str, shape: ImageShape = SHAPE) -> torch.Tensor:
    return torch.randint(0, 256, (n, *shape), dtype=torch.uint8, generator=stream(0, name))


def images(n: int, name: str, shape: ImageShape = SHAPE) -> torch.Tensor:
    return pixels(n, name, shape) / 255


def make_pairs(n: int = 200, shape: ImageShape = SHAPE) -> Pairs:
    """Scenes of two classes: every second one holds an element, a bright square."""
    sent = pixels(n, "data", shape)
    without, label = sent.clone(), torch.arange(n) % 2
    without[label == 1, :, 10:16, 10:16] = 0
    sent[label == 1, :, 10:16, 10:16] = 255
    return Pairs(sent, sent, torch.zeros_like(label), label, without)
