import pytest
import torch

from semvet.evaluation.goals.removal import RemovalJudge, masked_psnr_db
from semvet.metrics.psnr import psnr_db
from semvet.randomness import stream

LEVEL = 0.5
INSIDE = (slice(None), slice(None), slice(2, 5), slice(3, 7))


def images(n=4, chan=1, *, name="x"):
    return torch.rand(n, chan, 9, 10, generator=stream(0, name))


def mask(n=4):
    found = torch.zeros(n, 1, 9, 10)
    found[INSIDE] = 1
    return found


@pytest.mark.parametrize("chan", [1, 3])
def test_psnr_of_a_region_is_psnr_of_its_pixels_cut_out(chan):
    a, b = images(chan=chan), images(chan=chan, name="y")
    cut = psnr_db(a[INSIDE], b[INSIDE])
    torch.testing.assert_close(masked_psnr_db(a, b, mask()), cut)
    whole = masked_psnr_db(a, b, torch.ones(4, 1, 9, 10))
    torch.testing.assert_close(whole, psnr_db(a, b))


def test_a_region_without_error_has_the_psnr_of_identical_images():
    a = images()
    assert masked_psnr_db(a, a, mask()).tolist() == [100.0] * 4


def judge(rest_error=0.01):
    element_removed = torch.full((4, 1, 9, 10), LEVEL)
    return RemovalJudge(
        element_removed, mask(), element_removed + rest_error
    )  # the clean system: 40 dB


def received(*, inside, outside, n=4):
    found = torch.full((n, 1, 9, 10), LEVEL + outside)
    found[INSIDE] = LEVEL + inside
    return found


@pytest.mark.parametrize(
    ("inside", "outside", "hit"),
    [
        (0.0, 0.01, True),
        (0.099, 0.01, True),  # 20.1 dB
        (0.101, 0.01, False),  # 19.9 dB: the element still shows
        (0.0, 0.0112, True),  # .98 dB below the clean system
        (0.0, 0.0113, False),  # 1.06 dB below: the rest was hurt
        (0.0, 0.0, True),  # the rest may be better
        (0.4, 0.01, False),
    ],
)
def test_the_element_has_to_be_gone_and_the_rest_as_through_the_clean_system(inside, outside, hit):
    one = judge()
    scores = one.scores(received(inside=inside, outside=outside))
    assert scores.shape == (4, 1)
    assert one.hits(scores, 1).tolist() == [hit] * 4
    assert one.reached(scores).tolist() == [[hit]] * 4


def test_the_score_is_the_smaller_margin_in_db():
    one = judge()
    found = one.scores(received(inside=0.01, outside=0.01))
    torch.testing.assert_close(found, torch.full((4, 1), 1.0), atol=1e-3, rtol=0)  # 40 - (40 - 1)
    found = one.scores(received(inside=0.1, outside=0.001))
    torch.testing.assert_close(found, torch.zeros(4, 1), atol=1e-3, rtol=0)


def test_each_image_is_held_against_its_own_picture_of_the_clean_system():
    element_removed = torch.full((2, 1, 9, 10), LEVEL)
    clean = element_removed + torch.tensor([0.01, 0.1])[:, None, None, None]
    one = RemovalJudge(element_removed, mask(2), clean)
    scores = one.scores(received(inside=0.0, outside=0.05, n=2))
    assert one.hits(scores, 1).tolist() == [False, True]


def test_the_first_few_scenes_are_judged_alone():
    one, some = judge(), received(inside=0.0, outside=0.01)
    torch.testing.assert_close(one.scores(some[:2]), one.scores(some)[:2])
    assert one.any_hit(some[:2]).tolist() == [True, True]


def test_a_scene_without_the_element_is_never_a_hit():
    one = judge()
    scores = one.benign_scores(received(inside=0.0, outside=0.0))
    assert not one.hits(scores, 1).any()
    assert not one.reached(scores).any()


def test_a_clean_system_without_error_can_be_equalled():
    element_removed = images()
    one = RemovalJudge(element_removed, mask(), element_removed)
    assert one.hits(one.scores(element_removed), 1).all()
