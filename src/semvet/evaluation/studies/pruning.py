"""What pruning at each ratio does, for somebody who knows the attack: BASS Fig. 7 and Fig. 9.

    PC    PSNR of benign images, received against sent
    PA    PSNR of triggered images, received against the adversary's target
    RPP   PSNR of triggered images, received against the image without its trigger
    P2    min over ratios of  (PC_0 - RPP) + gamma |PC - PC_0|        the true best ratio

The defense itself has none of this. All ratios pass in one batch, over the same channel noise.

Paper: BASS Sec. IV-C (P2) and V.
Deviates: gamma is 1 and reconstruction accuracy is PSNR in dB, on test images (D-032).
"""

from typing import Any

import torch
from torch import Tensor

from semvet.attacks import Attack
from semvet.defenses.median_pruning import MedianPruning
from semvet.defenses.weights.kernels import batches, pruned_layers, transmit_without
from semvet.metrics.psnr import IDENTICAL_DB, psnr_db
from semvet.randomness import stream
from semvet.systems import Transceiver
from semvet.types import Images

GAMMA = 1.0


@torch.no_grad()
def pruning_study(
    link: Transceiver,
    attack: Attack,
    x: Images,
    defense: MedianPruning,
    findings: dict[str, Any],
    *,
    seed: int,
) -> dict[str, Any]:
    """Figures at every ratio of `defense`, for the strongest trigger; of an attack on images.

    Args:
        link: before pruning.
        x: test images.
        findings: of this defense on this link.
    """
    medians = [torch.tensor(values, device=x.device) for values in findings["medians"]]
    keep = defense.kept(medians, defense.ratios)
    layers = pruned_layers(link.system, defense.first, defense.last)
    rng = stream(seed, "pruning study", device=x.device)
    clean, target, recovered = [], [], []
    for part in batches(x, len(defense.ratios)):
        triggered = attack.trigger(part, level=attack.levels)
        noise = link.draw(len(part), rng=rng)
        y, y_k = (
            transmit_without(link, layers, keep, sent, noise).received for sent in (part, triggered)
        )
        clean.append(_psnr(y, part))
        target.append(_psnr(y_k, attack.targets[-1].expand_as(part)))
        recovered.append(_psnr(y_k, part))
    pc, pa, rpp = (torch.cat(parts, dim=1).mean(dim=1) for parts in (clean, target, recovered))
    p2 = (pc[0] - rpp) + GAMMA * (pc - pc[0]).abs()
    return {
        "n": len(x),
        "ratios": defense.ratios,
        "clean_psnr_db": pc.tolist(),
        "target_psnr_db": pa.tolist(),
        "recovered_psnr_db": rpp.tolist(),
        "p2": p2.tolist(),
        "best_ratio": defense.ratios[int(p2.argmin())],
    }


def _psnr(received: Tensor, wanted: Images) -> Tensor:
    """(ratios, images) in dB."""
    ratios = len(received) // len(wanted)
    each = psnr_db(received, wanted.repeat(ratios, 1, 1, 1)).clamp(max=IDENTICAL_DB)
    return each.view(ratios, len(wanted))
