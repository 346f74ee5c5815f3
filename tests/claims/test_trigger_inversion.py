"""What trigger inversion claims, on packaged digits: minutes, `make test-all` runs it."""

import pytest
import torch

from semvet import api
from semvet.defenses.trigger_inversion import TriggerInversion
from semvet.evaluation.sending import transmit
from semvet.metrics.psnr import psnr_db
from semvet.metrics.statistics import mean
from semvet.pipeline.reload import reload
from semvet.randomness import stream
from semvet.types import to_images

pytestmark = pytest.mark.slow
SEED = 0


@pytest.fixture(scope="module")
def run():
    """BASS at 13 dB; the reference systems come from the store, once."""
    return api.run(
        "mnist-sample", "data.source=sample", "attack=bass", "snr_db=13", "evaluation.draws=1",
        "evaluation.studies=[]", f"seed={SEED}", "defense=[{name: trigger-inversion}]",
    )  # fmt: skip


def test_the_backdoor_is_found_and_nothing_on_the_clean_system(run):
    found = run.record.defenses[-1].findings
    assert found.attacked["backdoor_found"] is True
    assert found.clean["backdoor_found"] is False


def test_what_is_found_is_the_patch_and_fires_the_backdoor(run):
    found = run.arrays
    index = len(run.record.defenses) - 1
    keep, pattern = (torch.from_numpy(found[f"defense/{index}/own/{k}"]) for k in ("m", "delta"))
    one = reload(run.folder, device=torch.device("cpu"))
    true = one.attack.patch.keep[0] == 0
    ours = keep[0] < 0.5
    assert (true & ours).sum() / (true | ours).sum() >= 0.8
    x = to_images(one.splits.test.pixels[:300])
    target = one.attack.targets[0].expand_as(x)
    by_ours, by_true = (
        mean(psnr_db(transmit(one.link, sent, seed=SEED, purpose="claim"), target))
        for sent in (keep * x + (1 - keep) * pattern, one.attack.trigger(x, level=1))
    )
    assert by_ours >= by_true - 3


def test_the_printed_penalty_overwrites_the_image(run):  # errata B1
    one = reload(run.folder, device=torch.device("cpu"))
    images = to_images(one.splits.train.pixels[:500])
    defense = TriggerInversion(penalty="literal", restarts=1)
    found = defense.search(one.link, images, 0.05, rng=stream(SEED, "defense"))
    assert float(found.keep.mean()) < 0.05
