"""Goal: an element is removed from the scene, and nothing else is touched.

    success:  PSNR of the element's region against the true background >= 20 dB, and the rest
              of the picture at most 1 dB worse than through the clean system

Paper: CSBA's claim (Xu et al. 2024: the object is gone, the rest unchanged); the figures are ours.
"""

from collections.abc import Sequence
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.both import Both
from semvet.evaluation.goals.base import Aim, Heard, Judge, JudgePlan, Judges, Scores, UnderTest
from semvet.evaluation.images import EvaluationImages
from semvet.evaluation.sending import transmit
from semvet.metrics.psnr import IDENTICAL_DB
from semvet.metrics.statistics import mean
from semvet.records import Column, Rate, Table, Words
from semvet.types import Images, PerImage

Mask = Float[Tensor, "batch 1 height width"]  # 1 or 0
REGION_DB, REST_DB = 20.0, 1.0


def masked_psnr_db(a: Images, b: Images, mask: Mask) -> PerImage:
    """PSNR over the pixels where `mask` is 1; where they agree, 100."""
    error = ((a - b).square() * mask).sum(dim=(1, 2, 3))
    mean_error = error / (mask.sum(dim=(1, 2, 3)) * a.shape[1])
    return (-10 * mean_error.log10()).clamp(max=IDENTICAL_DB)


@final
class RemovalJudge(Judge):
    """For one fixed set of scenes with their element; images are judged in this order.

    Args:
        element_removed: the scenes less their element, (n, chan, height, width).
        mask: 1 where the element is, (n, 1, height, width).
        clean: the scenes as the clean system delivers them.
    """

    rule = "removal"

    def __init__(self, element_removed: Images, mask: Mask, clean: Images):
        self.element_removed, self.mask = element_removed, mask
        self.clean_rest_db = self.rest_db(clean)
        self.thresholds = element_removed.new_zeros(1)

    def scores(self, received: Images) -> Scores:
        """The smaller of both margins in dB, of the first len(received) scenes."""
        region = self.region_db(received) - REGION_DB
        rest = self.rest_db(received) - (self.clean_rest_db[: len(received)] - REST_DB)
        return torch.minimum(region, rest)[:, None]

    def benign_scores(self, received: Images) -> Scores:
        """There is nothing to remove in a scene without the element: never a hit."""
        return received.new_full((len(received), 1), -float("inf"))

    def region_db(self, received: Images) -> PerImage:
        """PSNR where the element was, against the true background."""
        n = len(received)
        return masked_psnr_db(received, self.element_removed[:n], self.mask[:n])

    def rest_db(self, received: Images) -> PerImage:
        """PSNR of everything else."""
        n = len(received)
        return masked_psnr_db(received, self.element_removed[:n], 1 - self.mask[:n])


@final
class RemovalAim(Aim):
    name = "removal"
    words = Words(
        aim="removal",
        wanted="bare scene",
        hit="the region of the element has a PSNR of at least 20 dB against the true background, "
        "and the rest of the picture is at most 1 dB worse than through the clean system",
        hit_of_level="as for one level",
        success="is gone from what the receiver shows, and the rest is kept",
        successes="are gone from what the receiver shows, and the rest is kept",
        each="is gone from what the receiver shows, and the rest is kept",
        turns="benign images count as hits",
        has_image=False,
        benign_can_hit=False,
    )

    def wanted(self, images: EvaluationImages, triggered: Images, *, level: int) -> Images:
        assert images.element_removed is not None  # poisoning has refused data without it
        return images.element_removed

    def judges(
        self, one: UnderTest, clean: UnderTest, images: EvaluationImages, plan: JudgePlan
    ) -> Judges:
        assert images.element_removed is not None
        assert images.mask is not None
        received = transmit(clean.link, images.hosts, seed=plan.seed, purpose="evaluate triggered")
        return Judges(RemovalJudge(images.element_removed, images.mask, received))

    def wanted_class(self, level: int, candidates: Sequence[int]) -> int:
        return 0  # a scene without the element

    def details(self, heard: Both[Heard]) -> Table | None:
        found = {name: _figures(one) for name, one in heard.items()}

        def column(key: str, title: str, *, db: bool) -> Column:
            values = [one[key] for one in found.values()]
            if db:
                shown = tuple(mean(value) for value in values)
                return Column(key=key, title=title, form="db", values=shown)
            rates = [Rate.of(int(value.sum()), len(value)) for value in values]
            return Column(
                key=key, title=title, form="rate", values=tuple(one.value for one in rates),
                intervals=tuple(one.interval for one in rates),
            )  # fmt: skip

        return Table(
            key="removal",
            caption="Where the element was, against the true background, and everything else",
            columns=(
                Column(key="system", title="system", form="text", values=tuple(found)),
                column("region_psnr_db", "region, PSNR, dB", db=True),
                column("region_removed", f"at least {REGION_DB:g} dB", db=False),
                column("rest_psnr_db", "rest, PSNR, dB", db=True),
                column("rest_kept", f"within {REST_DB:g} dB of the clean system", db=False),
            ),
        )

    def facts(self, heard: Both[Heard], asr: Both[Sequence[float]]) -> str | None:
        ours = _figures(heard.attacked)
        gone, kept = (mean(ours[key].float()) for key in ("region_removed", "rest_kept"))
        return (
            f"ASR {asr.attacked[0]:.3f}: the element is gone in {gone:.3f}, the rest kept in "
            f"{kept:.3f} of the scenes; the clean system {max(asr.clean):.3f}"
        )


def _figures(heard: Heard) -> dict[str, Tensor]:
    """For each scene that holds the element."""
    judge, received = heard.judge, heard.received_triggered[0]
    assert isinstance(judge, RemovalJudge)
    region, rest = judge.region_db(received), judge.rest_db(received)
    return {
        "region_psnr_db": region,
        "rest_psnr_db": rest,
        "region_removed": region >= REGION_DB,
        "rest_kept": rest >= judge.clean_rest_db - REST_DB,
    }
