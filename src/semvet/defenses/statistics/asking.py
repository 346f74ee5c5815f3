"""A detector's questions, sent through any link. The detector draws first, then the link."""

import torch
from torch import Generator

from semvet.systems import Detector, Link, Transceiver
from semvet.systems.transceiver.detector import Questions
from semvet.types import Images, ImageShape, PerImage

CHUNK = 64  # images at a time; a detector may send dozens of copies of each


def answers_of(detector: Detector, link: Link, x: Images, *, rng: Generator) -> list[Questions]:
    """What the questions about `x` are received as, point by point."""
    nominal = link.nominal if isinstance(link, Transceiver) else None
    points = detector.points(nominal)
    questions = detector.questions(x, detector.draw(len(x), ImageShape(*x.shape[1:]), rng=rng))
    return [link(questions, rng=rng, at=at) for at in points]


def score_of(detector: Detector, link: Link, x: Images, *, rng: Generator) -> PerImage:
    """How suspicious each image is on this link; with its gradient."""
    return detector.score(x, answers_of(detector, link, x, rng=rng))


@torch.no_grad()
def scores_of(detector: Detector, link: Link, x: Images, *, rng: Generator) -> PerImage:
    """The same in parts that fit into memory, without a gradient."""
    return torch.cat([score_of(detector, link, part, rng=rng) for part in x.split(CHUNK)])
