"""What pruning at each ratio does, for somebody who knows the attack: BASS Fig. 7 and Fig. 9.

    PC    PSNR of benign images, received against sent
    PA    PSNR of triggered images, received against the adversary's target
    RPP   PSNR of triggered images, received against the image without its trigger
    P2    min over ratios of  (PC_0 - RPP) + gamma |PC - PC_0|        the true best ratio

The defense itself has none of this. All ratios pass in one batch, over the same channel noise.

Paper: BASS Sec. IV-C (P2) and V.
Deviates: gamma is 1 and reconstruction accuracy is PSNR in dB, on test images (D-032).
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from semvet.defenses.base import Hindsight
from semvet.defenses.weights.kernels import Keep, batches, transmit_without
from semvet.metrics.psnr import IDENTICAL_DB, psnr_db
from semvet.records import Column, Curves, Exhibit, Figure, Line, Mark, Table
from semvet.records.run import Findings
from semvet.systems import Transceiver
from semvet.types import Images

GAMMA = 1.0
KINDS = {
    "clean_psnr_db": "benign",
    "target_psnr_db": "triggered, to target",
    "recovered_psnr_db": "triggered, to original",
}


@torch.no_grad()
def at_every_ratio(
    link: Transceiver, layers: Sequence[nn.Module], keep: Sequence[Keep],
    ratios: Sequence[float], known: Hindsight, rng: Generator,
) -> Findings:  # fmt: skip
    """Figures of the strongest trigger.

    Args:
        link: before pruning.
        keep: for each layer, the kernels that are left at each ratio.
    """
    clean, target, recovered = [], [], []
    for part in batches(known.x, len(ratios)):
        triggered = known.trigger(part)
        noise = link.draw(len(part), rng=rng)
        y, y_k = (
            transmit_without(link, layers, keep, sent, noise).received for sent in (part, triggered)
        )
        clean.append(_psnr(y, part))
        target.append(_psnr(y_k, known.target.expand_as(part)))
        recovered.append(_psnr(y_k, part))
    pc, pa, rpp = (torch.cat(parts, dim=1).mean(dim=1) for parts in (clean, target, recovered))
    p2 = (pc[0] - rpp) + GAMMA * (pc - pc[0]).abs()
    return {
        "n": len(known.x),
        "ratios": list(ratios),
        "clean_psnr_db": pc.tolist(),
        "target_psnr_db": pa.tolist(),
        "recovered_psnr_db": rpp.tolist(),
        "p2": p2.tolist(),
        "best_ratio": ratios[int(p2.argmin())],
    }


def _psnr(received: Tensor, wanted: Images) -> Tensor:
    """(ratios, images) in dB."""
    ratios = len(received) // len(wanted)
    each = psnr_db(received, wanted.repeat(ratios, 1, 1, 1)).clamp(max=IDENTICAL_DB)
    return each.view(ratios, len(wanted))


def shown(found: Findings, ratios: Sequence[float], used: float | None) -> tuple[Exhibit, ...]:
    """Args:
    used: the ratio that the defense pruned at; None: it abstained.
    """
    curves = {key: [float(v) for v in found[key]] for key in KINDS}
    best = float(found["best_ratio"])
    of = {"clean_psnr_db": "clean", "target_psnr_db": "attacked", "recovered_psnr_db": "none"}
    marks = [Mark(x=best, label="best for P2")]
    if used is not None:
        marks.append(Mark(x=used, label="chosen by the defense", strong=True))
    figure = Figure(
        key="pruning-hindsight",
        alt="PSNR over the pruning ratio",
        caption="What each ratio would do, which only somebody who knows the attack can measure; "
        "P2 asks for recovered triggered images at little cost.",
        across=1,
        panels=(
            Curves(
                key="psnr", title=f"PSNR in dB, every ratio (n = {found['n']})",
                x_label="pruning ratio", x=tuple(ratios), share=False, marks=tuple(marks),
                lines=tuple(
                    Line(key=key, label=label, of=of[key], y=tuple(curves[key]),
                         dashed=key != "clean_psnr_db")
                    for key, label in KINDS.items()
                ),
            ),
        ),
    )  # fmt: skip
    places = [("chosen" if used is not None else "no knee", used or 0.0), ("best for P2", best)]
    table = Table(
        key="pruning-hindsight",
        caption="PSNR at the ratio that was chosen and at the best one, dB",
        columns=(
            Column(key="which", title="ratio", form="text", values=tuple(w for w, _ in places)),
            Column(key="ratio", title="", form="short", values=tuple(r for _, r in places)),
            *(
                Column(
                    key=key, title=label, form="db",
                    values=tuple(
                        curves[key][ratios.index(r)] if r in ratios else None for _, r in places
                    ),
                )
                for key, label in KINDS.items()
            ),
        ),
        note="Without a knee the system stays as it is.",
    )  # fmt: skip
    return figure, table
