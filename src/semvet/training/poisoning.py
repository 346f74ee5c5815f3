"""Training images to training pairs, before and after the adversary came."""

import torch

from semvet.attacks import Attack
from semvet.data import ImageSet
from semvet.randomness import stream
from semvet.records import PoisonRecord
from semvet.types import Indices, Pairs


def as_pairs(images: ImageSet) -> Pairs:
    """D_T and D_R before anybody touched them: both sides hold the same images."""
    benign = torch.zeros_like(images.label)
    return Pairs(images.pixels, images.pixels, benign, images.label, images.element_removed)


def poisoned(images: ImageSet, attack: Attack, *, seed: int) -> Pairs:
    """What systems are trained on. Raises ConfigError for data that cannot be poisoned so."""
    return attack.poison(as_pairs(images), rng=stream(seed, "poison"))


def chosen(pairs: Pairs, keep: Indices) -> Pairs:
    """Rows `keep` of a training set, still uint8."""
    wanted = pairs.sent[keep] if pairs.wanted is pairs.sent else pairs.wanted[keep]
    removed = None if pairs.element_removed is None else pairs.element_removed[keep]
    return Pairs(pairs.sent[keep], wanted, pairs.level[keep], pairs.label[keep], removed)


def poison_record(attack: Attack, pairs: Pairs, positions: Indices) -> PoisonRecord:
    """Args:
    positions: of the training images in the original training set.
    """
    victims = positions[pairs.victims].tolist()
    return PoisonRecord(
        controls=tuple(c.name for c in attack.controls if c.name),
        training_images=len(pairs),
        count=len(victims),
        indices=tuple(victims),
    )
