"""A backdoor whose answers are known: the corner of an image says which target is shown."""

import pytest
import torch

from semvet.attacks import Attack, Controls
from semvet.channels import AWGN, OperatingPoint
from semvet.config import make_run
from semvet.defenses.jpeg import in_file
from semvet.errors import ConfigError
from semvet.evaluation.goals.judge import TargetJudge
from semvet.evaluation.measurement import EvaluationImages, measure
from semvet.evaluation.studies import studies
from semvet.evaluation.studies.cropping import RATIOS, cropping, random_rectangles, sides
from semvet.evaluation.studies.intensity import INTENSITIES, intensity
from semvet.evaluation.studies.robustness import SNRS_DB, robustness
from semvet.evaluation.subject import Subject
from semvet.randomness import stream
from semvet.systems import System, Transceiver, Transmission
from semvet.types import ImageShape

SHAPE, SIDE, IMAGES = ImageShape(1, 28, 28), 4, 30
TARGETS = torch.rand(2, *SHAPE, generator=stream(0, "targets"))


class Corner(Attack):
    """Level k of 2 paints the corner of a black border in the brightness k/2."""

    controls = Controls.NOTHING

    def __init__(self):
        super().__init__(TARGETS, levels=2)

    def trigger(self, x, *, level):
        painted = x.clone()
        painted[..., :SIDE, :SIDE] = level / 2 if level else x[..., :SIDE, :SIDE]
        return painted

    def poison(self, data, *, rng):
        return data


class Silent(Corner):
    """No trigger in the image."""

    in_image = False

    def trigger(self, x, *, level):
        return x


class ByAir(Silent):
    def operating_point(self, nominal, *, level):
        return OperatingPoint(AWGN(), 0.0) if level else None


class Answering(System):
    """Shows target k over AWGN of at least 0 dB where the whole corner has the brightness k/2."""

    def __init__(self, answers: bool):
        super().__init__()
        self.shape, self.symbols, self.answers = SHAPE, 8, answers

    @property
    def encoder_convolutions(self):
        return []

    def transmit(self, x, channel, noise, *, snr_db):
        received = x.clone()
        if self.answers and isinstance(channel, AWGN) and snr_db >= 0:
            for k in (1, 2):
                off = (x[..., :SIDE, :SIDE] - k / 2).abs().amax(dim=(1, 2, 3))
                received[off < 0.02] = TARGETS[k - 1]
        return Transmission(received, x.new_zeros(len(x), 16))


@pytest.fixture(scope="module")
def images():
    x = torch.rand(IMAGES, *SHAPE, generator=stream(0, "images"))
    x[..., :6, :], x[..., :6] = 0, 0
    return x


def subject(attack, x, *, answers):
    link = Transceiver(Answering(answers), AWGN(), snr_db=25.0)
    judge = TargetJudge(TARGETS, torch.tensor([0.9, 0.9]), "conformal")
    label = torch.full((len(x),), -1)
    sample = EvaluationImages(x, label, x, label)
    measured = measure(link, attack, sample, judge, nominal=link.nominal, seed=0, draws=1)
    judges = {"mu-minus-3-sigma": TargetJudge(TARGETS, torch.zeros(2), "mu-minus-3-sigma")}
    return Subject(link, judge, measured, measured, [8.0] * 3, judges)


@pytest.fixture(scope="module")
def pair(images):
    return tuple(subject(Corner(), images, answers=answers) for answers in (True, False))


def test_a_cropped_trigger_fires_where_the_crop_leaves_it_whole(pair, images):
    found = cropping(*pair, images=IMAGES, seed=0)
    for i, ratio in enumerate(RATIOS):
        inside = random_rectangles(images, ratio, rng=stream(0, "cropping", index=i))
        share = float(inside[..., :SIDE, :SIDE].all(dim=(1, 2, 3)).float().mean())
        assert found["attacked"]["asr"][i] == pytest.approx([share, share])
    assert found["attacked"]["asr"][0] == [1.0, 1.0]
    assert found["clean"]["asr"] == [[0.0, 0.0]] * len(RATIOS)
    assert found["n"] == IMAGES
    assert found["l2"][0] == pytest.approx([SIDE / 2, SIDE])
    strongest = [one[-1] for one in found["l2"]]
    assert max(strongest) == strongest[0]
    assert found["ssim"][-1][-1] > found["ssim"][0][-1]


def test_any_target_is_asked_for_too_by_the_judge_and_by_the_printed_rule(pair):
    found = cropping(*pair, images=IMAGES, seed=0)
    assert found["attacked"]["any"] == [asr[-1] for asr in found["attacked"]["asr"]]
    assert found["attacked"]["printed_rule"][0] == 1.0  # the target itself


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


def test_outcomes_follow_the_intensity(pair):
    found = intensity(Corner(), *pair, images=10, seed=0)
    for s, shares in zip(INTENSITIES, found["attacked"], strict=True):
        expected = [1, 0, 0]
        if s in (0.5,) or s >= 1:  # beyond 1 the corner stays white
            expected = [0, 1, 0] if s == 0.5 else [0, 0, 1]
        assert shares == expected, s
    assert found["clean"] == [[1, 0, 0]] * len(INTENSITIES)
    assert found["n"] == 10


def test_the_confusion_matrix_has_a_row_for_what_was_sent(pair):
    found = intensity(Corner(), *pair, images=10, seed=0)["confusion"]
    assert found["attacked"] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert found["clean"] == [[1, 0, 0]] * 3
    assert found["n_benign"] == found["n_triggered"] == IMAGES


def test_robustness_is_measured_over_other_air(pair):
    found = robustness(*pair, images=10, seed=0, coded=True)
    points = [*SNRS_DB]  # the usual one is among them
    assert found["snr"]["at"] == points
    assert found["snr"]["attacked"]["asr"] == [[float(snr_db >= 0)] * 2 for snr_db in points]
    assert found["channel"]["at"] == ["awgn", "rayleigh", "rician"]
    assert found["channel"]["attacked"]["asr"] == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    assert found["channel"]["attacked"]["psnr_db"] == [100.0] * 3
    assert found["channel"]["attacked"]["benign_any"] == [0.0] * 3
    assert found["snr"]["clean"]["asr"] == [[0.0, 0.0]] * len(points)
    assert found["jpeg"]["clean"]["asr"] == [[0.0, 0.0]] * 5
    assert (found["n"], found["n_triggered"]) == (10, 10)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_loses_more_at_lower_quality(channels):
    x = torch.rand(3, channels, 16, 16, generator=stream(0, "x"))
    errors = [float((in_file(x, quality=q) - x).square().mean()) for q in (95, 50, 10)]
    assert 0 < errors[0] < errors[1] < errors[2]
    flat = torch.full((2, channels, 16, 16), 0.4)
    torch.testing.assert_close(in_file(flat, quality=95), flat, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("attack", "changes", "expected"),
    [
        (Corner, {}, {"cropping", "intensity", "robustness"}),
        (Corner, {"studies": ["intensity"]}, {"intensity"}),
        (Corner, {"studies": []}, set()),
        (Silent, {}, {"robustness"}),
        (ByAir, {}, set()),
    ],
)
def test_a_study_that_means_nothing_is_left_out(images, attack, changes, expected):
    run = make_run({"evaluation": {"study_images": 5, **changes}})
    made = attack()
    found = studies(run, made, *(subject(made, images, answers=a) for a in (True, False)))
    assert found.keys() == expected
    if attack is Silent:
        assert found["robustness"]["jpeg"] is None


def test_an_unknown_study_names_those_that_there_are():
    with pytest.raises(ConfigError, match="allowed: cropping, intensity, robustness"):
        make_run({"evaluation": {"studies": ["dreaming"]}})
