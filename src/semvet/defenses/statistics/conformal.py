"""From a statistic to a detector in use: the threshold comes from images that were sent before.

    threshold = the ceil((n + 1)(1 - false_positives))-th smallest score of the n own images

An image like the own ones is above it with probability at most `false_positives`, whatever the law
of the scores. Where a share p of the own images carry the trigger (data poisoning) and
false_positives < p, the threshold lies among their scores and nothing is ever found; an owner who
fears as much asks for more than p, and pays with as many false alarms (D-035).
"""

from math import ceil
from typing import Annotated

from annotated_types import Gt, Lt
from torch import Generator

from semvet.defenses.base import Detection, Detector
from semvet.defenses.statistics.asking import scores_of
from semvet.errors import DefenseError
from semvet.systems import Link
from semvet.types import Images, PerImage

FalsePositives = Annotated[float, Gt(0), Lt(1)]  # share of benign images that are not sent


def detection_of(
    statistic: Detector, link: Link, own: Images, *, false_positives: float, rng: Generator
) -> Detection:
    """The statistic of the link, with the threshold that one's own images give.

    Raises DefenseError: fewer own images than this share of false positives needs.
    """

    def score(x: Images, rng: Generator) -> PerImage:
        return scores_of(statistic, link, x, rng=rng)

    return Detection(score, conformal_threshold(score(own, rng), false_positives))


def conformal_threshold(own: PerImage, false_positives: float) -> float:
    """Raises DefenseError: too few scores."""
    n = len(own)
    rank = ceil((n + 1) * (1 - false_positives))
    if rank > n:
        raise DefenseError(
            f"defense.false_positives: {false_positives} needs at least "
            f"{ceil(1 / false_positives) - 1} own images, there are {n}; take more data or a share "
            f"of {1 / (n + 1):.3g} or more"
        )
    return float(own.sort().values[rank - 1])
