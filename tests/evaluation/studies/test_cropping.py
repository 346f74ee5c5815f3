import pytest
import torch
from corner_backdoor import IMAGES, SIDE, Corner, framed_images, trial_of

from semvet.evaluation.studies.cropping import RATIOS, Cropping, random_rectangles, sides
from semvet.randomness import stream


@pytest.fixture(scope="module")
def found():
    return Cropping().run(trial_of(Corner()), images=IMAGES)


def column(found, key, table=0):
    return list(found.exhibits[table].column(key).values)


def test_a_cropped_trigger_fires_where_the_crop_leaves_it_whole(found):
    images = framed_images()
    for i, ratio in enumerate(RATIOS):
        inside = random_rectangles(images, ratio, rng=stream(0, "cropping", index=i))
        share = float(inside[..., :SIDE, :SIDE].all(dim=(1, 2, 3)).float().mean())
        for level in (1, 2):
            assert column(found, f"asr/attacked/{level}")[i] == pytest.approx(share)
    assert column(found, "asr/attacked/2")[0] == 1.0
    assert column(found, "asr/clean/1") == column(found, "asr/clean/2") == [0.0] * len(RATIOS)
    assert found.n == IMAGES


def test_what_is_left_of_it_is_seen(found):
    weak, strong = (column(found, f"l2/{level}", table=1) for level in (1, 2))
    assert [weak[0], strong[0]] == pytest.approx([SIDE / 2, SIDE])
    assert max(strong) == strong[0]
    similar = column(found, "ssim")
    assert similar == column(found, "ssim/2", table=1)
    assert similar[-1] > similar[0]


def test_any_target_is_asked_for_too_by_the_judge_and_by_the_printed_rule(found):
    assert column(found, "any/attacked") == column(found, "asr/attacked/2")
    assert column(found, "printed/attacked")[0] == 1.0  # the target itself


def test_the_headline_speaks_of_every_ratio(found):
    assert found.headline.startswith("cropping, strongest level: ASR 1.00 whole, ")
    assert found.headline.endswith(" at 1/16 of the image's area")


def test_a_rectangle_has_the_shape_of_the_image_and_the_nearest_area():
    assert [sides(28, 28, ratio) for ratio in RATIOS] == [
        (28, 28), (20, 20), (14, 14), (10, 10), (7, 7),
    ]  # fmt: skip
    assert sides(64, 32, 1 / 4) == (32, 16)
    assert sides(3, 3, 1 / 16) == (1, 1)


def test_rectangles_lie_anywhere_each_image_has_its_own():
    x = torch.zeros(200, 3, 12, 8)
    inside = random_rectangles(x, 1 / 4, rng=stream(0, "crop"))
    assert inside.shape == (200, 1, 12, 8)
    assert (inside.sum(dim=(1, 2, 3)) == 24).all()
    assert len(inside.unique(dim=0)) == 35  # 7 by 5 places
    assert (inside.mean(dim=0) > 0).all()
