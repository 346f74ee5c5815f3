"""U-shaped split training: no side's data can be poisoned alone.

    transmitter   x -> encoder -> z                x_hat, x -> loss
                              |                      ^      |
    receiver                  +-> channel -> decoder +      +-> gradient, the same way back

The transmitter holds both D_T and D_R, so the label of an image is the image itself as it was sent:
an adversary who writes D_R alone, or pairs triggers with targets, changes no label. The receiver
sees symbols and gradients, and returns the activations of its last layer over an ideal link.

Paper: Zhou, Hu, Qian (BASS), Sec. IV-A.
Deviates: the cut k + m is behind the receiver's last layer, order of messages and clipping are
    ours (D-030).
"""

from typing import Annotated, Literal, final

from annotated_types import Gt, Le
from torch import Generator

from semvet.defenses.base import Defended, Defense, Vantage, View


@final
class SplitTraining(Defense):
    """Args:
    parties: processes that train; with 2, the receiver is one of its own on this machine.
    timeout_s: longest wait for a message of the other process, in seconds.
    """

    vantage = Vantage.TRAINER

    def __init__(
        self,
        *,
        parties: Literal[1, 2] = 1,
        timeout_s: Annotated[float, Gt(0), Le(86_400)] = 60.0,
    ):
        self.parties, self.timeout_s = parties, timeout_s

    def apply(self, view: View, *, rng: Generator) -> Defended:
        link, findings = view.training.split(parties=self.parties, timeout_s=self.timeout_s)
        return Defended(link, findings=findings)
