"""Detectors on trial: on the attacked system, and on a clean one, where nothing is to be found.

Of an image that is about to be sent: AUROC and recall at 1 % false positives per trigger level, the
share that the detector's own threshold flags, and the ASR that is left when those are not sent.
Of the training images that an audit was given: the same against what was poisoned.
"""

import torch
from torch import Tensor

from semvet.clock import Stopwatch
from semvet.defenses import Detection, Suspicion
from semvet.evaluation.figures import rate
from semvet.evaluation.goals import Judge
from semvet.evaluation.measurement import Measurement
from semvet.evaluation.sending import CHUNK
from semvet.metrics.detection import auroc, f1, recall
from semvet.randomness import stream
from semvet.records import DetectionLevel, DetectionRecord, SuspicionRecord
from semvet.types import Flags, Images

FALSE_POSITIVES = 0.01  # of the benign images, where recall is measured


@torch.no_grad()
def detection_figures(
    detection: Detection, measured: Measurement, judge: Judge, *, seed: int
) -> DetectionRecord:
    def score(x: Images, purpose: str, index: int = 0) -> Tensor:
        rng = stream(seed, f"detect {purpose}", index=index, device=x.device)
        return torch.cat([detection.score(part, rng) for part in x.split(CHUNK)])

    watch = Stopwatch(measured.sent.device)
    benign = score(measured.sent, "benign")
    triggered = [score(x, "triggered", k) for k, x in enumerate(measured.triggered)]
    seconds = watch.seconds()
    levels = []
    for k, scores in enumerate(triggered, start=1):
        through = scores <= detection.threshold
        hits = judge.hits(measured.scores_triggered[k - 1], k)
        levels.append(
            DetectionLevel(
                auroc=auroc(benign, scores),
                recall=recall(benign, scores, false_positives=FALSE_POSITIVES),
                flagged=rate(~through),
                asr_left=rate(hits & through),
            )
        )
    return DetectionRecord(
        threshold=detection.threshold,
        ms_per_image=1000 * seconds / (len(benign) + sum(map(len, triggered))),
        flagged_benign=rate(benign > detection.threshold),
        levels=tuple(levels),
    )


def suspicion_figures(suspicion: Suspicion, truth: Flags | None) -> SuspicionRecord:
    """Args:
    truth: which of the images carry a trigger; None: not one of them does.
    """
    n, flagged = len(suspicion.flagged), rate(suspicion.flagged)
    if truth is None:
        return SuspicionRecord(n=n, flagged=flagged, poisoned=0)
    score, truth = suspicion.score.cpu(), truth.cpu()
    benign, poisoned = score[~truth], score[truth]
    return SuspicionRecord(
        n=n,
        flagged=flagged,
        poisoned=len(poisoned),
        auroc=auroc(benign, poisoned),
        recall=recall(benign, poisoned, false_positives=FALSE_POSITIVES),
        flagged_benign=rate(suspicion.flagged.cpu()[~truth]),
        f1=f1(suspicion.flagged.cpu(), truth),
    )
