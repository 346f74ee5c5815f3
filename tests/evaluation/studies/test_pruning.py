"""The study is what each pruned copy does, one at a time."""

import pytest
import torch

from semvet.attacks import BASS
from semvet.channels import AWGN
from semvet.defenses import View
from semvet.defenses.median_pruning import MedianPruning
from semvet.defenses.weights.kernels import without
from semvet.evaluation.studies.pruning import pruning_study
from semvet.metrics.psnr import psnr_db
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape

SHAPE = ImageShape(1, 16, 16)


@pytest.fixture(scope="module")
def parts():
    with seeded(0, "system"):
        link = Transceiver(JSCC(SHAPE, width=4), AWGN(), snr_db=100.0).eval()
    rng = stream(0, "images")
    attack = BASS(torch.rand(1, *SHAPE, generator=rng))
    return link, attack, torch.rand(30, *SHAPE, generator=rng)


def test_each_ratio_is_what_the_pruned_copy_does(parts):
    link, attack, x = parts
    defense = MedianPruning(step=0.25)
    view = View(defense.vantage, link, images=x)
    findings = defense.apply(view, rng=stream(0, "defense")).findings
    study = pruning_study(link, attack, x, defense, findings, seed=0)
    assert study["ratios"] == [0, 0.25, 0.5, 0.75]
    medians = [torch.tensor(values) for values in findings["medians"]]
    sent = attack.trigger(x, level=1)
    for i, ratio in enumerate(study["ratios"]):
        keep = [kept[0] for kept in defense.kept(medians, [ratio])]
        pruned, rng = without(link, 2, 4, keep), stream(0, "noise")
        with torch.no_grad():
            y, y_k = pruned(x, rng=rng), pruned(sent, rng=rng)
        figures = [study[k][i] for k in ("clean_psnr_db", "target_psnr_db", "recovered_psnr_db")]
        wanted = [psnr_db(y, x), psnr_db(y_k, attack.targets.expand_as(x)), psnr_db(y_k, x)]
        assert figures == pytest.approx([float(w.mean()) for w in wanted], abs=0.05)


def test_the_best_ratio_recovers_triggered_images_at_little_cost(parts):
    link, attack, x = parts
    defense = MedianPruning(step=0.25)
    view = View(defense.vantage, link, images=x)
    findings = defense.apply(view, rng=stream(0, "defense")).findings
    study = pruning_study(link, attack, x, defense, findings, seed=0)
    pc, rpp = study["clean_psnr_db"], study["recovered_psnr_db"]
    p2 = [pc[0] - r + abs(c - pc[0]) for c, r in zip(pc, rpp, strict=True)]
    assert study["p2"] == pytest.approx(p2)
    assert study["best_ratio"] == study["ratios"][p2.index(min(p2))]
