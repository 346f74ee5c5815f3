"""The attack must succeed where something can be broken, and is held against closed forms."""

from dataclasses import replace

import pytest
import torch

from semvet.certificates import certify_image
from semvet.certificates.eot_pgd import Effort, Smoothing, project, worst_found
from semvet.channels import AWGN
from semvet.errors import DefenseError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape

SHAPE, D = ImageShape(1, 8, 8), 64
QUICK = Effort(steps=12, copies=8, choose_copies=64, final_copies=400)


class Identity:
    """S(x) = x: the worst at radius r is r away."""

    def __call__(self, x, *, rng, at=None):
        return x


class Backdoored:
    """x, until its left half is bright enough; then `target`. The channel adds a little noise."""

    target = torch.zeros(SHAPE).index_fill(2, torch.arange(0, 8, 2), 1.0)

    def __call__(self, x, *, rng, at=None):
        left = x[..., :4].mean(dim=(1, 2, 3)).view(-1, 1, 1, 1)
        opened = (40 * (left - 0.6)).sigmoid()
        noise = 0.01 * torch.randn(x.shape, generator=rng)
        return (x + opened * (self.target - x) + noise).clamp(0, 1)


def grey(level=0.5):
    return torch.full((1, *SHAPE), level)


def found(link, x, radii, *, sigma=0.1, effort=QUICK, **more):
    return worst_found(
        link, x, radii=radii, smoothing=Smoothing(sigma), rng=stream(0, "a"), effort=effort, **more
    )


def db(distance):
    return -10 * torch.tensor(distance**2 / D).log10().item()


def test_on_the_identity_it_finds_the_radius_and_nothing_beyond():
    radii = [0.1, 0.5, 1.0]
    for one, radius in zip(found(Identity(), grey(), radii), radii, strict=True):
        assert one.mean_psnr_db == pytest.approx(db(radius), abs=1e-3)
        assert one.median_psnr_db == pytest.approx(db(radius), abs=1e-3)


def test_it_opens_a_backdoor_that_nobody_told_it_of():
    link, x, radius = Backdoored(), grey(), 0.9  # 0.57 open the gate half in its own direction
    (one,) = found(link, x, [radius])
    random = x + radius * torch.nn.functional.normalize(
        torch.randn(x.numel(), generator=stream(0, "direction")), dim=0
    ).view_as(x)
    y = link(random + 0, rng=stream(0, "channel"))
    by_chance = -10 * (y - x).square().mean().log10().item()
    assert by_chance > db(radius) - 2
    assert one.mean_psnr_db < 8  # the target is 6 dB from grey
    assert one.mean_psnr_db < by_chance - 8


def test_told_of_trigger_and_target_it_comes_near_the_target():
    link, x = Backdoored(), grey()
    triggered = x.clone()
    triggered[..., :4] = 0.65
    (blind,) = found(link, x, [0.7], targets=link.target[None])
    (told,) = found(link, x, [0.7], targets=link.target[None], triggered=triggered)
    untouched = -10 * (x - link.target).square().mean().log10().item()
    assert told.target_psnr_db[0] > untouched + 3
    assert told.target_psnr_db[0] >= blind.target_psnr_db[0] - 0.1


def test_what_is_found_lies_in_the_ball_and_is_an_image():
    x = torch.rand(1, *SHAPE, generator=stream(0, "x"))
    for one in found(Backdoored(), x, [0.0, 0.2, 2.0]):
        assert (one.x - x).norm() <= one.radius + 1e-5
        assert 0 <= one.x.min() <= one.x.max() <= 1
    far = project(x + 3, x, 100.0)
    assert torch.equal(far, torch.ones_like(x))


def test_larger_radii_are_worse_and_none_is_harmless():
    ladder = found(Backdoored(), grey(), [0.0, 0.3, 0.6, 0.9])
    values = [one.mean_psnr_db for one in ladder]
    assert values[0] == 100
    assert values == sorted(values, reverse=True)


def test_noise_of_the_estimate_is_not_damage():
    class OnlyNoise:
        def __call__(self, x, *, rng, at=None):
            return torch.rand(x.shape, generator=rng) + 0 * x

    (one,) = found(OnlyNoise(), grey(), [0.5])
    assert one.mean_psnr_db == one.median_psnr_db == 100
    assert one.mean_psnr_to_image_db > 40  # the mean of uniform noise is grey


def test_gradients_reach_the_image_through_a_system_and_its_channel():
    with seeded(0, "system"):
        link = Transceiver(JSCC(SHAPE, width=4), AWGN(), snr_db=10.0).eval()
    x = torch.rand(1, *SHAPE, generator=stream(0, "x"))
    (one,) = found(link, x, [0.5])
    (idle,) = found(link, x, [0.5], effort=replace(QUICK, steps=0))
    assert one.mean_psnr_db < idle.mean_psnr_db - 3


def test_the_same_generator_finds_the_same():
    first, second = (found(Backdoored(), grey(), [0.5])[0] for _ in range(2))
    assert torch.equal(first.x, second.x)
    assert first.mean_psnr_db == second.mean_psnr_db


@pytest.mark.parametrize("radii", [[0.2, 0.1], [-0.1]])
def test_radii_must_ascend_from_zero(radii):
    with pytest.raises(DefenseError, match="allowed: ascending, 0 or more"):
        found(Identity(), grey(), radii)


def test_several_images_at_once_are_refused():
    with pytest.raises(DefenseError, match="one image at a time, not 2"):
        found(Identity(), grey().repeat(2, 1, 1, 1), [0.1])


def test_a_link_without_gradients_is_refused():
    class Rounding:
        def __call__(self, x, *, rng, at=None):
            return (x.detach() * 255).round() / 255

    with pytest.raises(DefenseError, match="attack_images=0"):
        found(Rounding(), grey(), [0.1])


def test_it_never_crosses_a_certificate():
    link, x, radii = Backdoored(), grey(), [0.03, 0.1, 0.3]
    certified = certify_image(
        link, x, sigma=0.1, n0=200, n=4000, alpha=0.001, radii=radii, targets=link.target[None],
        rng=stream(0, "c"),
    )  # fmt: skip
    ladder = found(link, x, radii, targets=link.target[None])
    assert certified.curves["spectral"].between_db[0] > 20  # there is something to cross
    for j, one in enumerate(ladder):
        for curve in certified.curves.values():
            if curve.smoother == "mean":
                assert one.mean_psnr_db >= curve.between_db[j]
                assert one.mean_psnr_to_image_db >= curve.truth_db[j]
            if curve.smoother == "median":
                assert one.median_psnr_db >= curve.between_db[j]
                assert one.median_psnr_to_image_db >= curve.truth_db[j]
        assert one.target_psnr_db[0] <= certified.targets[0].psnr_db[j]
