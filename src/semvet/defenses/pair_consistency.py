"""Pair-consistency filter: a pair whose two sides disagree was not made by the channel.

    drop (x_i, y_i) where PSNR(y_i, x_i) < least_psnr_db           the two sides disagree
    drop (x_i, y_i) where y_i equals more than `copies` other y_j  targets repeat
    then train again on what is left

Data poisoning has to write another picture into D_R, and a backdoor needs it often. An adversary
who controls the loss does not touch the data and is not seen.

Paper: none; the baseline that any defense against BASS at the trainer has to beat.
Deviates: both thresholds are ours (D-029).
"""

from typing import Annotated, final

import torch
from annotated_types import Ge, Le
from jaxtyping import Int
from torch import Generator, Tensor

from semvet.defenses.base import Defended, Defense, Suspicion, Vantage, View
from semvet.errors import DefenseError
from semvet.types import Pairs, PerImage

CHUNK = 4096  # pairs compared at once
FEWEST = 64  # pairs that a training needs


@final
class PairConsistency(Defense):
    """Args:
    least_psnr_db: of one side against the other.
    copies: of a receiver's image that may be there besides itself.
    """

    vantage = Vantage.TRAINER

    def __init__(
        self, *, least_psnr_db: Annotated[float, Ge(0), Le(100)] = 20.0,
        copies: Annotated[int, Ge(0), Le(1_000_000)] = 3,
    ):  # fmt: skip
        self.least_psnr_db, self.copies = least_psnr_db, copies

    def apply(self, view: View, *, rng: Generator) -> Defended:
        pairs = view.training.pairs
        disagreement, repeats = -agreement_db(pairs), repetitions(pairs)
        dropped = (disagreement > -self.least_psnr_db) | (repeats > self.copies)
        keep = (~dropped).nonzero().flatten()
        if len(keep) < FEWEST:
            raise DefenseError(
                f"pair-consistency: {len(keep)} of {len(pairs)} pairs agree, a training needs "
                f"{FEWEST}; lower defense.least_psnr_db (now {self.least_psnr_db:g}) or raise "
                f"defense.copies (now {self.copies})"
            )
        record = {"pair-consistency": [self.least_psnr_db, self.copies]}
        link = view.training.again(record, keep=keep) if bool(dropped.any()) else view.link
        return Defended(
            link,
            findings={"pairs": len(pairs), "dropped": int(dropped.sum())},
            suspicion=Suspicion(
                disagreement + 100.0 * (repeats > self.copies), dropped, all_pairs=True
            ),
        )


def agreement_db(pairs: Pairs) -> PerImage:
    """PSNR of one side against the other, at most 100 dB."""
    parts = []
    for sent, wanted in zip(pairs.sent.split(CHUNK), pairs.wanted.split(CHUNK), strict=True):
        error = ((sent.float() - wanted.float()) / 255).square().flatten(1).mean(dim=1)
        parts.append(-10 * error.clamp(min=1e-10).log10())
    return torch.cat(parts)


def repetitions(pairs: Pairs) -> Int[Tensor, " image"]:
    """How many other pairs have pixel for pixel the same receiver's image."""
    _, which, counts = torch.unique(
        pairs.wanted.flatten(1), dim=0, return_inverse=True, return_counts=True
    )
    return counts[which] - 1
