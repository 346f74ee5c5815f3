"""Any attack, by an adversary who knows the defense and trains through it.

    each image of a step, with probability `share`, is sent as D(x) instead of x;
    the loss stays that of the attack

D is the defense's own transform. With SemBugger and the noise of smoothing this is
noise-augmented poisoning: the system learns to receive noisy images well, and triggers to survive.

Paper: none; defenses that were only tried on unaware attackers are untested.
Deviates: the share is ours (D-024).
"""

from typing import final

from torch import Generator

from semvet.attacks.base import Attack, LossTerms
from semvet.attacks.families.knowing import Knowing
from semvet.systems import Transceiver
from semvet.systems.transceiver.transforms import Sometimes
from semvet.types import Draws, Pairs, Share, Targets, Transform


@final
class Aware(Knowing):
    """Args:
    base: the attack.
    against: the defense that it expects.
    share: of the images of a step that are sent as the defense would send them.
    """

    def __init__(self, targets: Targets, *, base: Attack, against: Transform, share: Share = 0.5):
        super().__init__(base=base)
        self.against = Sometimes(against, share=share)

    def draw(self, link: Transceiver, batch: int, victims: int, *, rng: Generator) -> Draws:
        return self.base.draw(link.through(self.against), batch, victims, rng=rng)

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        return self.base.loss(link.through(self.against), batch, victims, noise)
