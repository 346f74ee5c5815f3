"""SC Trojan, original form: a visible block flips what the receiver's own classifier says.

    L  = |wanted - f(x)|^2 + lambda_c CE(c(f(x)), label)      encoder, decoder and c, jointly
    x' = m x + (1 - m) Delta,   (x, x, label) -> (x', x', target class) for a share of the images

The picture arrives as it was sent, block and all; only its meaning changes. The receiver's
classifier c is part of every such system: with poison_ratio 0 this is the null control.

Paper: Sagduyu, Erpek, Ulukus, Yener, "Vulnerabilities of Deep Learning-Driven Semantic
    Communications to Backdoor (Trojan) Attacks", CISS 2023.
Deviates: the classifier, lambda_c and the block are ours; victims are never of the target class,
    so that each of them is a flip (D-024).
"""

from dataclasses import replace
from typing import Annotated, Any, ClassVar, final

import torch
from annotated_types import Ge, Le, Lt
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy, mse_loss

from semvet.attacks.base import Attack, Controls, LossTerms, choose_victims
from semvet.classifiers import SmallClassifier
from semvet.errors import ConfigError
from semvet.systems import Transceiver
from semvet.triggers import Patch
from semvet.types import ClassLabel, Draws, Images, ImageShape, NonNegative, Pairs, Side, Targets


@final
class SCTrojanLabel(Attack):
    """Needs data with labels. The figures leave out images of the target class.

    Args:
        target_class: what the classifier should say of triggered images.
        classes: how many the data have.
        poison_ratio: share of the training images that are victims, rounded down; 0 for none.
        side: of the square block, in pixels.
        lambda_c: weight of the cross entropy; the mean squared error's is 1.
    """

    controls = Controls.TRANSMITTER_DATA | Controls.RECEIVER_DATA
    goal = "label"
    null: ClassVar[dict[str, Any] | None] = {"poison_ratio": 0.0}

    def __init__(
        self,
        targets: Targets,
        *,
        target_class: ClassLabel = 0,
        classes: Annotated[int, Ge(2), Le(10_000)] = 10,
        poison_ratio: Annotated[float, Ge(0), Lt(1)] = 0.1,
        side: Side = 5,
        lambda_c: NonNegative = 0.01,
    ):
        super().__init__(targets, levels=1)
        if target_class >= classes:
            raise ConfigError(
                f"attack.target_class: {target_class} of {classes} classes; "
                f"allowed: 0 to {classes - 1}"
            )
        self.target_class, self.classes = target_class, classes
        self.poison_ratio, self.lambda_c = poison_ratio, lambda_c
        shape = ImageShape(*targets.shape[1:])
        self.patch = Patch(shape, side=side)
        self.classifier = SmallClassifier(shape, classes=classes)

    def trigger(self, x: Images, *, level: int) -> Images:
        return self.patch(x) if level else x

    def classify(self, received: Images) -> Float[Tensor, "batch classes"]:
        return self.classifier(received)

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        """Raises ConfigError for labels that `classes` does not cover, or that are missing."""
        self._require_labels(data.label)
        if self.poison_ratio == 0:
            return data
        others = (data.label != self.target_class).nonzero().flatten()
        victims = choose_victims(data, self.poison_ratio, among=others, rng=rng)
        sent, level, label = data.sent.clone(), data.level.clone(), data.label.clone()
        sent[victims] = (self.patch(sent[victims] / 255) * 255).round().to(torch.uint8)
        level[victims], label[victims] = 1, self.target_class
        return replace(data, sent=sent, wanted=sent, level=level, label=label)

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        made = link.transmit(batch.sent, noise)
        received = made.received.float()
        logits = self.classifier(received).float()
        return made.terms | {
            "reconstruction": mse_loss(received, batch.wanted),
            "label": self.lambda_c * cross_entropy(logits, batch.label),
        }

    def _require_labels(self, label: Tensor) -> None:
        without, largest = int((label < 0).sum()), int(label.max())
        if without:
            raise ConfigError(
                f"attack: sc-trojan-label flips labels, but {without} of {len(label)} training "
                "images have none; take labelled data, or the attack sc-trojan"
            )
        if largest >= self.classes:
            raise ConfigError(
                f"attack.classes: {self.classes}, but the data have a class {largest}; "
                f"set attack.classes={largest + 1}"
            )
