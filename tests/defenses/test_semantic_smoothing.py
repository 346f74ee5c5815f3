"""The theorem is tested on links whose answers are known in closed form."""

from statistics import NormalDist

import pytest
import torch

from semvet.certificates.lipschitz import theorem_1, tight
from semvet.defenses import SemanticSmoothing, Vantage, View
from semvet.errors import DefenseError
from semvet.randomness import stream

SIGMA, D = 0.25, 64


def never_hit(y):
    return torch.zeros(len(y), dtype=torch.bool)


def always_hit(y):
    return torch.ones(len(y), dtype=torch.bool)


class Identity:
    def __call__(self, x, *, rng, at=None):
        return x


class Squashed:
    """One to one, and in [0, 1] whatever comes in."""

    def __call__(self, x, *, rng, at=None):
        return x.sigmoid()


def defended(link=None, **config):
    return SemanticSmoothing(**{"sigma": SIGMA, **config}).apply(
        View(Vantage.TRANSMITTER, link or Identity()), rng=stream(0, "defense")
    )


def half_space(offset):
    """j = 1 where x + e reaches `offset` along the diagonal, as seen through `Squashed`: P[j = 1]
    is known exactly."""
    unit = torch.ones(D) / D**0.5
    return lambda y: y.logit().flatten(1) @ unit >= offset


def test_theorem_3_attains_its_radius_on_a_half_space():
    n, at = 200_000, 0.35  # the boundary lies `at` away from x = 0
    one = defended(Squashed(), copies=n, clip=False, alpha=0.001)
    x = torch.zeros(1, 1, 8, 8)
    radius = one.certify(x, half_space(at), stream(0, "certify")).radius.item()
    assert radius <= at  # never beyond the truth at this seed ...
    assert radius == pytest.approx(at, abs=0.01)  # ... and hardly below it


def test_certificates_fail_at_most_as_often_as_alpha_allows():
    at, alpha, repeats = 0.1, 0.05, 400
    one = defended(Squashed(), copies=100, clip=False, alpha=alpha)
    x = torch.zeros(repeats, 1, 8, 8)  # each image votes on its own
    radius = one.certify(x, half_space(at), stream(0, "certify")).radius
    failures = int((radius > at).sum())
    assert failures <= 37  # 99.9 % quantile of Binomial(400, .05)
    assert failures >= 1  # the bound is not needlessly wide


def test_the_largest_radius_is_that_of_a_unanimous_vote():
    one = defended(copies=32, alpha=0.001)
    never = one.certify(torch.zeros(3, 1, 8, 8), never_hit, stream(0, "c"))
    expected = SIGMA * NormalDist().inv_cdf(0.001 ** (1 / 32))
    assert never.radius.tolist() == pytest.approx([expected] * 3, rel=1e-4)
    assert one.findings["largest_radius"] == pytest.approx(expected, rel=1e-4)


def test_lost_votes_certify_nothing():
    one = defended(copies=32)
    always = one.certify(torch.zeros(2, 1, 8, 8), always_hit, stream(0, "c"))
    assert always.radius.tolist() == [0, 0]


def test_clipping_before_averaging_biases_dark_and_bright_pixels():  # errata S3
    x = torch.cat([torch.zeros(1, 1, 28, 28), torch.ones(1, 1, 28, 28)])
    clipped, free = (
        defended(copies=400, clip=clip).link(x, rng=stream(0, "s")) for clip in (True, False)
    )
    bias = SIGMA / (2 * torch.pi) ** 0.5  # E max(e, 0)
    assert clipped[0].mean().item() == pytest.approx(bias, abs=0.002)
    assert clipped[1].mean().item() == pytest.approx(1 - bias, abs=0.002)
    assert free.mean(dim=(1, 2, 3)).tolist() == pytest.approx([0, 1], abs=0.002)


def test_the_output_is_the_mean_over_exactly_n_transmissions():
    sent = []

    class Counting:
        def __call__(self, x, *, rng, at=None):
            sent.append(len(x))
            return torch.full_like(x, float(len(sent)))

    x = torch.zeros(700, 1, 8, 8)
    out = defended(Counting(), copies=7).link(x, rng=stream(0, "s"))
    assert sum(sent) == 700 * 7
    assert out.mean().item() == pytest.approx(sum(i * n for i, n in enumerate(sent, 1)) / sum(sent))
    assert defended(copies=7).channel_uses_factor == 7


def test_a_defense_leaves_the_link_it_was_given_alone():
    link = Identity()
    x = torch.rand(2, 1, 8, 8, generator=stream(0, "x"))
    defended(link)
    assert torch.equal(link(x, rng=stream(0, "n")), x)


def test_the_median_is_taken_over_all_copies_of_each_image_on_its_own():
    class Kept:
        def __init__(self):
            self.sent = []

        def __call__(self, x, *, rng, at=None):
            self.sent.append(x)
            return x

    link, n, copies = Kept(), 300, 9  # more than fits in one group of images
    x = torch.rand(n, 1, 8, 8, generator=stream(0, "x"))
    out = defended(link, copies=copies, reducer="median").link(x, rng=stream(0, "s"))
    sent = torch.cat([part.view(copies, -1, 1, 8, 8) for part in link.sent], dim=1)
    assert len(link.sent) > 1
    assert torch.equal(out, sent.sort(dim=0).values[copies // 2])


def test_the_median_of_clipped_copies_has_no_bias_on_black():
    x = torch.zeros(1, 1, 28, 28)
    out = defended(copies=401, reducer="median").link(x, rng=stream(0, "s"))
    assert out.mean() < 0.01  # the mean's bias is .1


@pytest.mark.parametrize(("alpha", "fewest"), [(0.001, 10), (0.25, 3), (0.4, 2)])
def test_too_few_copies_certify_nothing_and_say_how_many_would(alpha, fewest):
    for copies in (fewest - 1, fewest):
        one = defended(copies=copies, alpha=alpha)
        radius = one.certify(torch.zeros(2, 1, 8, 8), never_hit, stream(0, "c")).radius
        assert (radius > 0).all() == (copies == fewest)
        assert (one.findings["largest_radius"] > 0) == (copies == fewest)
        assert one.findings["fewest_copies_that_certify"] == fewest


@pytest.mark.parametrize("output", [1.001, -0.001, float("nan")])
def test_outputs_that_are_no_images_are_not_certified(output):
    class Wild:
        def __call__(self, x, *, rng, at=None):
            return torch.full_like(x, output)

    with pytest.raises(DefenseError, match=r"holds for \[0, 1\] only; end the decoder"):
        defended(Wild(), copies=10).certify(torch.zeros(2, 1, 8, 8), never_hit, stream(0, "c"))


@pytest.mark.parametrize("config", [{"sigma": 0.0}, {"copies": 0}, {"alpha": 0.5}])
def test_smoothing_without_noise_copies_or_confidence_is_refused(config):
    with pytest.raises(DefenseError, match=r"allowed: .*the defense `none` is the plain link"):
        SemanticSmoothing(**config)


def test_theorem_1_is_twice_the_slope_of_a_half_space():
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    torch.special.ndtr(x / SIGMA).backward()  # S of the half-space at its boundary
    assert x.grad.item() == pytest.approx(tight(SIGMA))
    assert theorem_1(SIGMA) == pytest.approx(2 * tight(SIGMA))
    assert defended(copies=10).findings["lipschitz_tight"] == tight(SIGMA)
