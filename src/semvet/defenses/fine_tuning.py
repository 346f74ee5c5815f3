"""Fine-tuning: the deployed weights learn on to receive the auditor's images as they were sent.

    min over all weights of |f(x) - x|^2,   x one of the auditor's images

Nobody tells which images carry a trigger, and nobody has to: the label of each is the image itself.
A poisoned image is then an example of what the trigger should do, and the backdoor is unlearned;
a trigger that no own image carries is only forgotten as far as nothing needs it.

Paper: fine-tuning as a repair, as in Liu, Dolan-Gavitt, Garg, "Fine-Pruning", RAID 2018.
Deviates: steps and rate (D-036).
"""

import copy
from typing import Annotated, final

from annotated_types import Gt, Le
from torch import Generator
from torch.nn.functional import mse_loss

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.weights.tuning import own_psnr_db, tune
from semvet.errors import DefenseError
from semvet.systems import Transceiver
from semvet.types import Count, Images, Positive, Scalar

LearningRate = Annotated[float, Gt(0), Le(1)]


@final
class FineTuning(Defense):
    """Args:
    steps, batch, learning_rate: of Adam; the rate falls to zero.
    clip_norm: largest norm of a step's gradient.
    """

    vantage = Vantage.AUDITOR

    def __init__(
        self,
        *,
        steps: Count = 500,
        batch: Count = 48,
        learning_rate: LearningRate = 5e-3,
        clip_norm: Positive = 0.05,
    ):
        self.steps, self.batch, self.learning_rate = steps, batch, learning_rate
        self.clip_norm = clip_norm

    def apply(self, view: View, *, rng: Generator) -> Defended:
        x, link = view.images, copy.deepcopy(view.system)
        before = own_psnr_db(link, x, rng=rng)
        fine_tune(
            link, x, steps=self.steps, batch=self.batch, learning_rate=self.learning_rate,
            clip_norm=self.clip_norm, rng=rng,
        )  # fmt: skip
        findings = {
            "steps": self.steps,
            "own_psnr_before_db": before,
            "own_psnr_after_db": own_psnr_db(link, x, rng=rng),
        }
        return Defended(link, findings=findings)


def fine_tune(
    link: Transceiver, images: Images, *, steps: int, batch: int, learning_rate: float,
    clip_norm: float, rng: Generator,
) -> None:  # fmt: skip
    """Trains the link in place, and leaves it as it is used: in evaluation mode.

    Raises DefenseError: the system has no weights.
    """
    parameters = [p for p in link.parameters() if p.requires_grad]
    if not (parameters and link.system.learned):
        raise DefenseError(
            f"{type(link.system).__name__} has no weights to tune; allowed: a system that learns, "
            "or a defense that leaves weights alone"
        )

    def loss(x: Images) -> Scalar:
        made = link.transmit(x, link.draw(len(x), rng=rng))
        return mse_loss(made.received.float(), x) + sum(made.terms.values())

    link.train()
    tune(
        parameters, loss, images, steps=steps, batch=batch, learning_rate=learning_rate,
        clip_norm=clip_norm, rng=rng,
    )  # fmt: skip
    link.eval()
