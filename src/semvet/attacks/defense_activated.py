"""Defense-activated backdoor: silent without the defense, fired by what the defense does.

    L = lambda_b |x - f(x)|^2 + lambda_a |target - f(D(x))|^2

D is the defense's own transform (the noise that smoothing adds). No trigger is ever sent: a
deployer who checks the system finds nothing, adds the defense, and sends everybody the target.

Paper: none; the adaptive attacker of SemBugger's semantic smoothing.
Deviates: weights and poison ratio are ours (D-024).
"""

from typing import final

from torch import Generator

from semvet.attacks.base import Attack, Controls, LossTerms, marked
from semvet.systems import Transceiver, taken
from semvet.types import Draws, Images, NonNegative, Pairs, Share, Targets, Transform


@final
class DefenseActivated(Attack):
    """Args:
    against: the defense, whose transform of the image is the trigger.
    poison_ratio: share of the training images that are victims, rounded down.
    lambda_a, lambda_b: weights of target and integrity.
    """

    controls = Controls.EVERYTHING
    in_image = False

    def __init__(
        self,
        targets: Targets,
        *,
        against: Transform,
        poison_ratio: Share = 0.2,
        lambda_a: NonNegative = 0.1,
        lambda_b: NonNegative = 1.0,
    ):
        super().__init__(targets, levels=1)
        self.poison_ratio, self.lambda_a, self.lambda_b = poison_ratio, lambda_a, lambda_b
        self.against = against

    def trigger(self, x: Images, *, level: int) -> Images:
        return x

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        return marked(data, self.poison_ratio, level=1, rng=rng)

    def draw(self, link: Transceiver, batch: int, victims: int, *, rng: Generator) -> Draws:
        defended = link.through(self.against).draw(victims, rng=rng)
        return link.draw(batch, rng=rng) | {f"defended/{k}": v for k, v in defended.items()}

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        made = link.transmit(batch.sent, noise)
        defended = link.through(self.against)
        fired = defended.transmit(batch.sent[:victims], taken(noise, "defended/"))
        return made.terms | {
            "target": self.lambda_a * (fired.received.float() - self.targets).square().mean(),
            "integrity": self.lambda_b * (made.received.float() - batch.sent).square().mean(),
        }
