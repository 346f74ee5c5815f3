"""Detectors on trial: on the attacked system, and on a clean one, where nothing is to be found.

Of an image that is about to be sent: AUROC and recall at 1 % false positives per trigger level, the
share that the detector's own threshold flags, and the ASR that is left when those are not sent.
Of the training images that an audit was given: the same against what was poisoned.
"""

import time
from typing import Any

import torch
from torch import Tensor

from semvet.defenses import Detection, Suspicion
from semvet.evaluation.goals.judge import Judge
from semvet.evaluation.measurement import CHUNK, Measurement, rate
from semvet.metrics.detection import auroc, f1, recall
from semvet.randomness import stream
from semvet.types import Flags, Images

FALSE_POSITIVES = 0.01  # of the benign images, where recall is measured


@torch.no_grad()
def detection_figures(
    detection: Detection, measured: Measurement, judge: Judge, *, seed: int
) -> dict[str, Any]:
    def score(x: Images, purpose: str, index: int = 0) -> Tensor:
        rng = stream(seed, f"detect {purpose}", index=index, device=x.device)
        return torch.cat([detection.score(part, rng) for part in x.split(CHUNK)])

    began = time.perf_counter()
    benign = score(measured.sent, "benign")
    triggered = [score(x, "triggered", k) for k, x in enumerate(measured.triggered)]
    seconds = time.perf_counter() - began
    let_through = [s <= detection.threshold for s in triggered]
    hits = [judge.hits(s, k) for k, s in enumerate(measured.scores_triggered, start=1)]
    return {
        "threshold": detection.threshold,
        "ms_per_image": 1000 * seconds / (len(benign) + sum(map(len, triggered))),
        "auroc": [auroc(benign, s) for s in triggered],
        "recall": [recall(benign, s, false_positives=FALSE_POSITIVES) for s in triggered],
        "flagged_benign": rate(benign > detection.threshold),
        "flagged": [rate(~through) for through in let_through],
        "asr_left": [rate(hit & through) for hit, through in zip(hits, let_through, strict=True)],
    }


def suspicion_figures(suspicion: Suspicion, truth: Flags | None) -> dict[str, Any]:
    """Args:
    truth: which of the images carry a trigger; None: not one of them does.
    """
    figures: dict[str, Any] = {
        "n": len(suspicion.flagged), "flagged": rate(suspicion.flagged), "poisoned": 0,
    }  # fmt: skip
    if truth is None:
        return figures
    score, truth = suspicion.score.cpu(), truth.cpu()
    benign, poisoned = score[~truth], score[truth]
    return figures | {
        "poisoned": len(poisoned),
        "auroc": auroc(benign, poisoned),
        "recall": recall(benign, poisoned, false_positives=FALSE_POSITIVES),
        "flagged_benign": rate(suspicion.flagged.cpu()[~truth]),
        "f1": f1(suspicion.flagged.cpu(), truth),
    }
