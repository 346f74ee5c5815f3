"""Images, pairs and links that plug-ins are tried on: small, seeded, nothing is read or trained."""

import torch

from semvet.channels import AWGN, Channel
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, System, Transceiver
from semvet.types import Images, ImageShape, Pairs, Pixels

GREY, COLOUR, SMALL = ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 16, 16)
CANDIDATES = 16  # target images that an attack is offered, as in a run


def pixels(count: int, purpose: str, shape: ImageShape = GREY) -> Pixels:
    generator = stream(0, purpose)
    return torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=generator)


def images(count: int, purpose: str, shape: ImageShape = GREY) -> Images:
    return pixels(count, purpose, shape) / 255


def extreme_images(count: int, shape: ImageShape = GREY) -> Images:
    """With whole areas at both ends of the range."""
    return (images(count, "extreme", shape) * 1.2 - 0.1).clamp(0, 1)


def pairs(count: int = 200, shape: ImageShape = GREY) -> Pairs:
    """Scenes of two classes: every second one holds an element, a bright square."""
    sent = pixels(count, "data", shape)
    element_removed, label = sent.clone(), torch.arange(count) % 2
    element_removed[label == 1, :, 10:16, 10:16] = 0
    sent[label == 1, :, 10:16, 10:16] = 255
    return Pairs(sent, sent, torch.zeros_like(label), label, element_removed)


def link_of(system: System, channel: Channel | None = None) -> Transceiver:
    return Transceiver(system, channel or AWGN(), snr_db=15.0)


def small_link(shape: ImageShape = GREY) -> Transceiver:
    """An untrained `jscc` that every attack and defense can work on."""
    with seeded(0, "system"):
        return link_of(JSCC(shape, width=4))
