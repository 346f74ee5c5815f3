"""Repairs of weights: they work on a copy, they are ordinary weights, and they repair something."""

import copy

import pytest
import torch
from torch.nn.functional import mse_loss

from semvet.channels import AWGN
from semvet.defenses import ANP, FinePruning, FineTuning, Vantage, View
from semvet.defenses.anp import kernel_layers
from semvet.defenses.weights.tuning import own_psnr_db, tune
from semvet.errors import DefenseError, TrainingError
from semvet.metrics.psnr import psnr_db
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, SYSTEMS, Transceiver
from semvet.types import ImageShape

SHAPE = ImageShape(1, 16, 16)
SMALL = {"identity": {}, "separate": {}, "jscc-f": {"width": 2, "layers": 2}}
SMALL["jscc-q"] = {"width": 2, "depth": 1}
REPAIRS = [
    FineTuning(steps=2, batch=4),
    FinePruning(steps=2, batch=4, ratio=0.5),
    ANP(steps=2, batch=4, budget_db=0.0),
]
named = pytest.mark.parametrize("repair", REPAIRS, ids=lambda d: type(d).__name__)


def images(n=40, shape=SHAPE):
    coarse = torch.rand(n, shape.channels, 4, 4, generator=stream(0, "x"))
    return torch.nn.functional.interpolate(coarse, shape[1:], mode="bilinear")


def patched(x):
    x = x.clone()
    x[:, :, :4, :4] = 1
    return x


def small_link(name="jscc"):
    with seeded(0, "system"):
        system = SYSTEMS[name](SHAPE, **SMALL.get(name, {"width": 4}))
        return Transceiver(system, AWGN(), snr_db=25.0).eval()


def teach(link, sent, wanted, *, steps=100):
    """`sent` comes out as `wanted`."""
    rng = stream(0, "teach")
    both = torch.cat([sent, wanted], dim=1)

    def loss(x):
        return mse_loss(link(x[:, :1], rng=rng), x[:, 1:])

    tune(
        [*link.parameters()], loss, both, steps=steps, batch=16, learning_rate=0.01,
        clip_norm=1.0, rng=rng,
    )  # fmt: skip


@pytest.fixture(scope="module")
def backdoored():
    """A white corner comes out as white; everything else as it is, more or less."""
    link, x = small_link(), images()
    teach(link, torch.cat([x, patched(x)]), torch.cat([x, torch.ones_like(x)]))
    return link


def repaired(repair, link, x, seed=0):
    return repair.apply(View(Vantage.AUDITOR, link, images=x), rng=stream(seed, "defense"))


@named
def test_a_repair_works_on_a_copy_and_is_the_same_every_time(repair, backdoored):
    before = copy.deepcopy(backdoored.state_dict())
    first, second = (repaired(repair, backdoored, images()) for _ in range(2))
    for name, value in backdoored.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None for p in backdoored.parameters())
    assert isinstance(first.link, Transceiver)
    assert first.link is not backdoored
    assert not first.link.training
    assert first.findings == second.findings
    for name, value in first.link.state_dict().items():
        assert torch.equal(value, second.link.state_dict()[name])
        assert value.shape == before[name].shape
    assert all(p.requires_grad for p in first.link.parameters())
    assert not any(p._backward_hooks for p in first.link.parameters())


@named
@pytest.mark.parametrize("name", ["jscc-f", "jscc-q", "scan", "semcc"])
def test_every_learned_system_can_be_repaired(repair, name):
    link, x = small_link(name), images(4)
    y = repaired(repair, link, x).link(x, rng=stream(0, "n"))
    assert y.isfinite().all()


@named
@pytest.mark.parametrize("name", ["identity", "separate"])
def test_a_system_without_weights_is_refused_with_a_way_out(repair, name):
    with pytest.raises(DefenseError, match=r"has no (weights|convolutions).*allowed: "):
        repaired(repair, small_link(name), images(4))


def test_fine_tuning_on_images_with_the_trigger_unlearns_it(backdoored):
    x, target = images(), torch.ones(40, *SHAPE)
    poisoned = torch.cat([x, patched(x)])  # the auditor does not know which is which
    mended = repaired(FineTuning(steps=80, batch=16, learning_rate=0.01), backdoored, poisoned)
    for link, fires in ((backdoored, True), (mended.link, False)):
        y = link(patched(x), rng=stream(0, "n"))
        nearer = psnr_db(y, target) > psnr_db(y, patched(x))
        assert nearer.float().mean() == pytest.approx(float(fires), abs=0.1)
    assert mended.findings["own_psnr_after_db"] > mended.findings["own_psnr_before_db"] + 3


def test_a_learning_rate_that_diverges_is_named():
    with pytest.raises(TrainingError, match=r"diverged at step 2 .* smaller learning_rate than 1"):
        tune(
            [w := torch.zeros((), requires_grad=True)], lambda x: (w - float("inf")).square(),
            images(4), steps=2, batch=2, learning_rate=1.0, clip_norm=1.0, rng=stream(0, "t"),
        )  # fmt: skip


def test_fine_pruning_removes_the_kernels_that_are_silent_and_keeps_them_removed():
    link = small_link()
    second = link.system.encoder[1][0]
    with torch.no_grad():
        second.weight[5] = 0
        second.bias[5] = 1e-6  # all but silent
        second.bias[2] = 100
    one = repaired(
        FinePruning(ratio=1 / 8, first_layer=2, last_layer=2, steps=5, batch=8), link, images()
    )
    pruned = one.link.system.encoder[1][0]
    assert one.findings["kernels_pruned"] == [1]
    assert pruned.weight.flatten(1).any(dim=1).tolist() == [k != 5 for k in range(8)]
    assert pruned.bias[5] == 0


def test_anp_spends_its_budget_and_not_more(backdoored):
    x = images()
    counts = []
    for budget in (0.0, 1.0, 200.0):
        one = repaired(ANP(steps=5, batch=8, budget_db=budget), backdoored, x)
        lost = one.findings["own_psnr_before_db"] - one.findings["own_psnr_after_db"]
        assert lost <= budget
        counts.append(one.findings["kernels_pruned"])
        zero = sum(_zero_kernels(one.link)) - sum(_zero_kernels(backdoored))
        assert zero == counts[-1]
    assert counts == sorted(counts)
    assert counts[-1] == one.findings["kernels"]


def _zero_kernels(link):
    for name in kernel_layers(link):
        layer = link.get_submodule(name)
        axis = 1 if isinstance(layer, torch.nn.ConvTranspose2d) else 0
        yield int((layer.weight.movedim(axis, 0).flatten(1) == 0).all(dim=1).sum())


def test_anp_tells_kernels_apart():
    link = small_link()
    teach(link, images(), images())
    masks = ANP(steps=20, batch=8, learning_rate=0.05)._masks(link, images(), rng=stream(0, "anp"))
    assert all(((mask >= 0) & (mask <= 1)).all() for mask in masks)
    assert min(float(mask.min()) for mask in masks) < 0.95
    assert max(float(mask.max()) for mask in masks) > 0.95


def test_psnr_on_own_images_is_the_mean_over_images():
    x, link = images(), small_link()
    expected = psnr_db(link(x, rng=stream(0, "n")), x).mean().item()
    assert own_psnr_db(link, x, rng=stream(0, "n")) == pytest.approx(expected)
    assert isinstance(link.system, JSCC)
