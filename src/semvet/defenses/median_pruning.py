"""Median-activation pruning: encoder kernels that say little about most images are removed.

    order     kernels of a layer by the median over images of their absolute sum, lowest first
    counts    floor(C_l r) + 1(l) of layer l at ratio r                              Eq. (2)
    c_s^q     |v_s^q - v_0^q|_1 / |v_0^q|_1     features of image q at ratio s, all in one pass
    s*        = argmax_s variance over q; the two tails of c_{s*} train K-means on whole curves
    flagged   images of the upper tail's cluster; c^p = mean of their curves
    ratio     at the knee of c^p (`knee`); no knee: the link stays as it is

A backdoored kernel is silent on clean images, which most images are; behind it, features of
poisoned images change at once when it is pruned, and then no more.

Paper: BASS Sec. IV-C.
Deviates: the floor of Eq. (2) is printed around the sum (errata B2): `counts` selects. The tails
    are shares, not percents (errata B5). The ratios, the centers that K-means starts from, and
    abstaining are ours (D-032).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, floor
from typing import Annotated, Literal, final

import numpy as np
import torch
from annotated_types import Ge, Gt, Le, Lt
from jaxtyping import Float
from torch import Generator, Tensor, nn

from semvet.defenses.base import Defended, Defense, Hindsight, Suspicion, Vantage, View
from semvet.defenses.weights.hindsight import at_every_ratio, shown
from semvet.defenses.weights.kernels import (
    Keep,
    absolute_sums,
    batches,
    pruned_layers,
    transmit_without,
    without,
)
from semvet.defenses.weights.knee import LEAST_RISE, Curve, Knee, find_knee
from semvet.errors import ConfigError, DefenseError
from semvet.randomness import untouched
from semvet.records import Curves as CurvesPanel
from semvet.records import Exhibit, Figure, Line, Mark
from semvet.records.run import Findings
from semvet.systems import Transceiver
from semvet.types import Flags, Images, Layer

Curves = Float[Tensor, "ratios images"]  # c_s^q
Medians = Float[Tensor, " _"]
ROUNDING = 1e-9  # of a ratio times a count
LEAST_IMAGES = 4  # two tails of two


@dataclass(frozen=True)
class Audit:
    """What pruning at every ratio shows."""

    medians: list[Medians]  # of each layer's kernels
    curves: Curves
    at: int  # s*, of the largest variance
    suspicion: Suspicion
    knee: Knee


@final
class MedianPruning(Defense):
    """Args:
    first_layer, last_layer: encoder convolutions that are pruned, counted from 1.
    step: between two pruning ratios, from 0 up to below 1.
    tail: share of the images in each tail, at least one image.
    window: w of the moving average, odd.
    counts: Eq. (2) with the floor inside its sum ("sound") or around it, as printed.
    average: of w terms ("sound") or of w + 1, as printed.
    padding: what the curve is continued with before it is averaged.
    ratio: pruned in any case; None: at the knee, if there is one.
    """

    vantage = Vantage.AUDITOR

    def __init__(
        self,
        *,
        first_layer: Layer = 2,
        last_layer: Layer = 4,
        step: Annotated[float, Ge(0.001), Le(0.5)] = 0.05,
        tail: Annotated[float, Gt(0), Le(0.5)] = 0.02,
        window: Annotated[int, Ge(1), Le(99)] = 3,
        counts: Literal["sound", "literal"] = "sound",
        average: Literal["sound", "literal"] = "sound",
        padding: Literal["zeros", "edge"] = "zeros",
        ratio: Annotated[float, Ge(0), Lt(1)] | None = None,
    ):
        if window % 2 == 0:
            raise ConfigError(f"defense.window: {window} is even; allowed: 1, 3, 5, ...")
        self.first, self.last, self.tail, self.counts = first_layer, last_layer, tail, counts
        self.window, self.average, self.padding, self.ratio = window, average, padding, ratio
        self.ratios = [round(step * s, 9) for s in range(ceil((1 - ROUNDING) / step))]

    def refuse(self, link: Transceiver) -> None:
        pruned_layers(link.system, self.first, self.last)

    def apply(self, view: View, *, rng: Generator) -> Defended:
        link = view.system
        found = self.audit(link, view.images, rng=rng)
        chosen = self.ratios[found.knee.index] if found.knee.index is not None else None
        used = chosen if self.ratio is None else self.ratio
        left = self.kept(found.medians, [used or 0.0])
        pruned = [[int(i) for i in (~kept[0]).nonzero()] for kept in left]
        flagged = found.suspicion.flagged
        hardened = without(link, self.first, self.last, [kept[0] for kept in left])
        return Defended(
            hardened if any(pruned) else link,
            findings={
                "ratio": used,  # None: abstained
                "knee_ratio": chosen,
                "images": len(flagged),
                "flagged": int(flagged.sum()),
                "largest_variance_ratio": self.ratios[found.at],
                "kernels": [kept.shape[1] for kept in left],
                "pruned": pruned,
                "medians": [values.tolist() for values in found.medians],
                "ratios": self.ratios,
                "d_c": found.knee.d.tolist(),
                "least_d_c": LEAST_RISE,
                "variances": found.curves.var(dim=1, correction=0).tolist(),
                "curve_flagged": mean_curve(found.curves, flagged).tolist(),
                "curve_others": mean_curve(found.curves, ~flagged).tolist(),
            },
            exhibits=(self._figure(found, chosen if self.ratio is None else self.ratio),),
            suspicion=found.suspicion,
            look_back=partial(self._look_back, link, found.medians, used),
        )

    def _look_back(
        self, link: Transceiver, medians: Sequence[Medians], used: float | None, known: Hindsight,
        rng: Generator,
    ) -> tuple[Findings, tuple[Exhibit, ...]]:  # fmt: skip
        layers = pruned_layers(link.system, self.first, self.last)
        keep = self.kept(medians, self.ratios)
        found = at_every_ratio(link, layers, keep, self.ratios, known, rng)
        return found, shown(found, self.ratios, used)

    def _figure(self, found: Audit, used: float | None) -> Figure:
        flagged, ratios = found.suspicion.flagged, tuple(self.ratios)
        chosen = (Mark(x=used, label="chosen by the defense", strong=True),) if used else ()
        title = "d_c: no knee, nothing pruned" if used is None else f"d_c: {used:.3g} pruned"
        return Figure(
            key="median-pruning",
            alt="Change of features and the knee over the pruning ratio",
            caption="Encoder kernels that say little about most images are pruned. Flagged are the "
            "images of the cluster that changes most (left); the ratio is where their curve has "
            "its knee, if it has one (right).",
            across=2,
            panels=(
                CurvesPanel(
                    key="change", title="Relative change of features", x_label="pruning ratio",
                    x=ratios, share=False,
                    marks=(Mark(x=self.ratios[found.at], label="labelled here"),),
                    lines=(
                        Line(
                            key="flagged", of="attacked",
                            label=f"flagged ({int(flagged.sum())} of {len(flagged)})",
                            y=tuple(mean_curve(found.curves, flagged).tolist()),
                        ),
                        Line(
                            key="others", label="others", of="benign", dashed=True,
                            y=tuple(mean_curve(found.curves, ~flagged).tolist()),
                        ),
                    ),
                ),
                CurvesPanel(
                    key="d_c", title=title, x_label="pruning ratio", x=ratios, share=False,
                    marks=chosen, levels=(Mark(x=LEAST_RISE, label="least for a knee"),),
                    lines=(Line(key="d_c", label="d_c", y=tuple(found.knee.d.tolist())),),
                ),
            ),
        )  # fmt: skip

    @torch.no_grad()
    def audit(self, link: Transceiver, x: Images, *, rng: Generator) -> Audit:
        """Labels the images and looks for the ratio; changes nothing."""
        if len(x) < LEAST_IMAGES:
            raise DefenseError(
                f"median-pruning: {len(x)} images; it takes {LEAST_IMAGES} or more to tell two "
                "kinds of them apart, and some hundreds to find the rarer kind"
            )
        layers = pruned_layers(link.system, self.first, self.last)
        sums = absolute_sums(link, layers, x, rng=rng)
        medians = [values.median(dim=0).values for values in sums]
        curves = self._curves(link, layers, self.kept(medians, self.ratios), x, rng=rng)
        at = int(curves.var(dim=1, correction=0).argmax())
        suspicion = by_tails(curves, at, tail=self.tail)
        knee = find_knee(
            mean_curve(curves, suspicion.flagged), torch.tensor(self.ratios, device=x.device),
            window=self.window, average=self.average, padding=self.padding,
        )  # fmt: skip
        return Audit(medians, curves, at, suspicion, knee)

    def kept(self, medians: Sequence[Medians], ratios: Sequence[float]) -> list[Keep]:
        """For each layer, the kernels that are left at each ratio."""
        sizes = [len(values) for values in medians]
        counts = [kernels_pruned(r, sizes, counts=self.counts) for r in ratios]
        ranks = [values.argsort(stable=True).argsort() for values in medians]
        return [torch.stack([rank >= count[i] for count in counts]) for i, rank in enumerate(ranks)]

    def _curves(
        self, link: Transceiver, layers: Sequence[nn.Module], keep: Sequence[Keep], x: Images, *,
        rng: Generator,
    ) -> Curves:  # fmt: skip
        found = []
        for part in batches(x, len(self.ratios)):
            noise = link.draw(len(part), rng=rng)
            v = transmit_without(link, layers, keep, part, noise).features
            v = v.view(len(self.ratios), len(part), -1)  # v_s^q, s = 0 unpruned
            found.append((v - v[0]).abs().sum(dim=2) / v[0].abs().sum(dim=1).clamp(min=1e-12))
        return torch.cat(found, dim=1)


def kernels_pruned(
    ratio: float, sizes: Sequence[int], *, counts: Literal["sound", "literal"] = "sound"
) -> list[int]:
    """Kernels to be pruned in each layer: ceil(ratio * all of them) in all.  Eq. (2)"""
    floors = [floor(ratio * size + ROUNDING) for size in sizes]
    wanted = ratio * sum(sizes)
    inside = sum(floors) if counts == "sound" else floor(wanted + ROUNDING)
    return [few + (inside + i < wanted - ROUNDING) for i, few in enumerate(floors)]


def mean_curve(curves: Curves, of: Flags) -> Curve:
    """Zeros where there is no such image."""
    return curves[:, of].sum(dim=1) / of.sum().clamp(min=1)


def by_tails(curves: Curves, at: int, *, tail: float) -> Suspicion:
    """Two clusters of curves: K-means, trained on the images with the largest and the smallest
    change at ratio number `at`, starting from their means.
    """
    with untouched():
        from sklearn.cluster import KMeans  # slow to import

    if float(curves[at].max() - curves[at].min()) < ROUNDING:  # nothing tells them apart
        return Suspicion(torch.zeros_like(curves[at]), torch.zeros_like(curves[at]).bool())
    points = curves.T.double().cpu().numpy()
    order = curves[at].argsort(stable=True).cpu().numpy()
    count = max(1, round(tail * len(points)))
    low, high = points[order[:count]], points[order[-count:]]
    means = KMeans(2, init=np.stack([low.mean(axis=0), high.mean(axis=0)]), n_init=1)
    distances = means.fit(np.concatenate([low, high])).transform(points)
    score = torch.from_numpy(distances[:, 0] - distances[:, 1]).to(curves)
    return Suspicion(score, score > 0)
