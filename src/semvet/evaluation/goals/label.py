"""Goal: the receiver's own classifier, trained along with the system, names the target class.

    score(y) = logit of the target class - the largest other one,   tau = 0

Images of the target class are not judged: on them the attack has nothing to do.
"""

from collections.abc import Callable, Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.both import Both
from semvet.data import ImageSet
from semvet.evaluation.goals.base import Aim, Heard, Judge, JudgePlan, Judges, Scores, UnderTest
from semvet.evaluation.images import EvaluationImages
from semvet.evaluation.sending import CHUNK
from semvet.records import Column, Rate, Table, Words
from semvet.types import Images

Logits = Float[Tensor, "batch classes"]


@final
class LabelJudge(Judge):
    """Args:
    classify: logits of received images.
    target_class: the class that counts as success.
    """

    rule = "label"

    def __init__(self, classify: Callable[[Images], Logits], target_class: int, like: Tensor):
        self.classify, self.target_class = classify, target_class
        self.thresholds = like.new_zeros(1)

    def scores(self, received: Images) -> Scores:
        logits = self.classify(received)
        wanted = logits[:, self.target_class]
        others = logits.clone()
        others[:, self.target_class] = -float("inf")
        return (wanted - others.amax(dim=1))[:, None]


@final
class LabelAim(Aim):
    name = "label"
    words = Words(
        aim="target class",
        wanted="input",
        hit="the classifier that was trained along with the system names the target class; only "
        "images of other classes are counted",
        hit_of_level="the classifier that was trained along with the system names the target class",
        success="makes the receiver's classifier name the target class",
        successes="make the receiver's classifier name the target class",
        each="makes the receiver's classifier name the target class",
        turns="benign images turn into the target class",
        has_image=False,
    )

    def judged(self, images: ImageSet) -> ImageSet:
        return images.take(images.label != self.attack.target_class)

    def wanted(self, images: EvaluationImages, triggered: Images, *, level: int) -> Images:
        return triggered

    def judges(
        self, one: UnderTest, clean: UnderTest, images: EvaluationImages, plan: JudgePlan
    ) -> Judges:
        target = self.attack.target_class
        return Judges(LabelJudge(one.attack.classify, target, self.attack.targets))

    def wanted_class(self, level: int, candidates: Sequence[int]) -> int:
        return self.attack.target_class

    @torch.no_grad()
    def details(self, heard: Both[Heard]) -> Table | None:
        """Accuracy of each receiver's own classifier on benign images."""
        rates = {name: _accuracy(one) for name, one in heard.items()}
        return Table(
            key="receiver-classifier",
            caption="The receiver's own classifier, trained along with each system, on benign "
            "images as received",
            columns=(
                Column(key="system", title="system", form="text", values=tuple(rates)),
                Column(
                    key="accuracy", title="accuracy", form="rate",
                    values=tuple(one.value if one else None for one in rates.values()),
                    intervals=tuple(one.interval if one else None for one in rates.values()),
                ),
                Column(
                    key="n", title="n", form="count",
                    values=tuple(float(one.n) if one else 0.0 for one in rates.values()),
                ),
            ),
        )  # fmt: skip


def _accuracy(heard: Heard) -> Rate | None:
    """None where no image has a class."""
    assert isinstance(heard.judge, LabelJudge)
    parts = [heard.judge.classify(part).argmax(dim=1) for part in heard.received.split(CHUNK)]
    known = heard.label >= 0
    right = (torch.cat(parts) == heard.label)[known]
    return Rate.of(int(right.sum()), int(known.sum())) if bool(known.any()) else None
