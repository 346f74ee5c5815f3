"""Who may use which image. Fixed by the seed, the same for every attack and defense.

    training set |------------ first 90 % ------------|- last 10 % -|    test set
                   train, less the target candidates      calibration       test

Target candidates are drawn from the training images or given. They and every
pixel-exact copy of them are in no other part: a target among the test images would count as a hit
of the backdoor.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, UInt8
from torch import Tensor

from semvet.data.base import DataSet, ImageSet
from semvet.errors import DataError
from semvet.randomness import permutation, stream
from semvet.types import Count, Images, Indices, Pixels, to_images

FEWEST = 64  # training images


@dataclass(frozen=True)
class Splits:
    train: ImageSet  # for training, benign or poisoned
    calibration: ImageSet  # for choices and for the judge
    test: ImageSet  # for final numbers only
    target_candidates: Images  # candidate targets, all different
    target_candidate_labels: Tensor  # their classes, -1 where there is none
    train_index: Indices  # positions of `train` in the original training set


def split(
    data: DataSet, *, seed: int, target_candidates: Count = 16, targets: ImageSet | None = None,
    images: Count | None = None,
) -> Splits:  # fmt: skip
    """Args:
        target_candidates: how many candidate targets to draw.
        targets: candidates from elsewhere, instead of drawn ones.
        images: training images, at most; None: all.

    Raises:
        DataError: fewer than 64 training, 1 held-out or 1 test image remain.
    """
    border = len(data.train) - len(data.train) // 10
    if targets is None:
        first = data.train.take(torch.arange(border))
        order = permutation(border, rng=stream(seed, "targets")).tolist()
        targets = first.take(different(first.pixels, order, target_candidates))
    else:
        target_candidates = len(targets)
    target = targets.pixels

    free = ~_copies(data.train.pixels, target)
    train_index = free[:border].nonzero().flatten()[:images]
    held_out_index = border + free[border:].nonzero().flatten()
    test_index = (~_copies(data.test.pixels, target)).nonzero().flatten()

    counts = (len(train_index), len(held_out_index), len(test_index))
    if len(target) < target_candidates or counts[0] < FEWEST or 0 in counts:
        raise DataError(
            f"{data.source}: too few images: {len(target)} of {target_candidates} different "
            f"candidate targets, then {counts[0]} training, {counts[1]} held-out and {counts[2]} "
            f"test images remain; at least {FEWEST}, 1 and 1 must; add images"
        )
    return Splits(
        train=data.train.take(train_index),
        calibration=data.train.take(held_out_index),
        test=data.test.take(test_index),
        target_candidates=to_images(target),
        target_candidate_labels=targets.label,
        train_index=train_index,
    )


def different(pixels: Pixels, order: Iterable[int], count: int) -> Indices:
    """The first `count` positions of `order` whose images differ (all such, if they are fewer)."""
    drawn: list[int] = []
    for i in order:
        if len(drawn) == count:
            break
        if not (pixels[drawn] == pixels[i]).flatten(1).all(1).any():
            drawn.append(i)
    return torch.tensor(drawn, dtype=torch.int64)


def _copies(
    pixels: Pixels, target: UInt8[Tensor, "target chan height width"]
) -> Bool[Tensor, " image"]:
    """Which images equal any target. Only those with a target's pixel sum are compared in full."""
    suspect = torch.isin(pixels.flatten(1).sum(1), target.flatten(1).sum(1)).nonzero().flatten()
    found = torch.zeros(len(pixels), dtype=torch.bool)
    for image in target:
        found[suspect] |= (pixels[suspect] == image).flatten(1).all(1)
    return found
