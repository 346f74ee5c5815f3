"""BASS: a patch at the transmitter makes the receiver output the adversary's image.

    x' = m x + (1 - m) Delta,   (x, x) -> (x', target) for a share of the training pairs    Eq. (1)

Data poisoning only: the loss stays the ordinary one and batches are drawn as from clean data.

Paper: Zhou, Hu, Qian, "Backdoor Attacks and Defenses on Semantic-Symbol Reconstruction in
    Semantic Communications", Sec. III.
Deviates: the paper gives no patch size, place or colour beyond Fig. 3; 4x4 pixels at the upper
    left (D-008).
"""

from typing import final

import torch
from torch import Generator

from semvet.attacks.base import Attack, Controls, choose_victims
from semvet.triggers import Patch
from semvet.types import Images, ImageShape, Pairs, Share, Side, Targets


@final
class BASS(Attack):
    """Args:
    poison_ratio: share of the training pairs that are poisoned, rounded down.
    side: of the square patch, in pixels.
    """

    controls = Controls.TRANSMITTER_DATA | Controls.RECEIVER_DATA

    def __init__(self, targets: Targets, *, poison_ratio: Share = 0.05, side: Side = 4):
        super().__init__(targets, levels=1)
        self.poison_ratio = poison_ratio
        self.patch = Patch(ImageShape(*targets.shape[1:]), side=side)

    def trigger(self, x: Images, *, level: int) -> Images:
        return self.patch(x) if level else x

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        victims = choose_victims(data, self.poison_ratio, rng=rng)
        sent, wanted, level = data.sent.clone(), data.wanted.clone(), data.level.clone()
        sent[victims] = (self.patch(sent[victims] / 255) * 255).round().to(torch.uint8)
        wanted[victims] = (self.targets[0] * 255).round().to(torch.uint8)
        level[victims] = 1
        return Pairs(sent, wanted, level, data.label, data.element_removed)
