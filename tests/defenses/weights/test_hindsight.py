"""Looking back is what each pruned copy does, one at a time."""

import pytest
import torch

from semvet.attacks import BASS
from semvet.channels import AWGN
from semvet.defenses import View
from semvet.defenses.base import Hindsight
from semvet.defenses.median_pruning import MedianPruning
from semvet.defenses.weights.kernels import without
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


@pytest.fixture(scope="module")
def looked(parts):
    link, attack, x = parts
    defense = MedianPruning(step=0.25)
    defended = defense.apply(View(defense.vantage, link, images=x), rng=stream(0, "defense"))
    known = Hindsight(x, lambda part: attack.trigger(part, level=1), attack.targets[-1])
    found, exhibits = defended.look_back(known, stream(0, "pruning study"))
    return defense, defended.findings, found, exhibits


def test_each_ratio_is_what_the_pruned_copy_does(parts, looked):
    link, attack, x = parts
    defense, findings, found, _ = looked
    assert found["ratios"] == [0, 0.25, 0.5, 0.75]
    medians = [torch.tensor(values) for values in findings["medians"]]
    sent = attack.trigger(x, level=1)
    for i, ratio in enumerate(found["ratios"]):
        keep = [kept[0] for kept in defense.kept(medians, [ratio])]
        pruned, rng = without(link, 2, 4, keep), stream(0, "noise")
        with torch.no_grad():
            y, y_k = pruned(x, rng=rng), pruned(sent, rng=rng)
        figures = [found[k][i] for k in ("clean_psnr_db", "target_psnr_db", "recovered_psnr_db")]
        wanted = [psnr_db(y, x), psnr_db(y_k, attack.targets.expand_as(x)), psnr_db(y_k, x)]
        assert figures == pytest.approx([float(w.mean()) for w in wanted], abs=0.05)


def test_the_best_ratio_recovers_triggered_images_at_little_cost(looked):
    found = looked[2]
    pc, rpp = found["clean_psnr_db"], found["recovered_psnr_db"]
    p2 = [pc[0] - r + abs(c - pc[0]) for c, r in zip(pc, rpp, strict=True)]
    assert found["p2"] == pytest.approx(p2)
    assert found["best_ratio"] == found["ratios"][p2.index(min(p2))]


def test_what_is_shown_are_these_figures(looked):
    found, (figure, table) = looked[2], looked[3]
    (panel,) = figure.panels
    assert {line.key: list(line.y) for line in panel.lines}.items() <= found.items()
    best = found["ratios"].index(found["best_ratio"])
    assert table.column("clean_psnr_db").values[1] == found["clean_psnr_db"][best]
