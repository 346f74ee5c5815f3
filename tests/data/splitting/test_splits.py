import pytest
import torch

from semvet.data import DataSet, ImageSet
from semvet.data.splitting.splits import split
from semvet.errors import DataError
from semvet.randomness import stream


def _images(count: int, *, seed: int = 0) -> ImageSet:
    rng = stream(seed, "test images")
    pixels = torch.randint(0, 256, (count, 1, 5, 4), dtype=torch.uint8, generator=rng)
    return ImageSet(pixels, torch.arange(count))


def _data(train: int = 200, test: int = 50) -> DataSet:
    return DataSet(_images(train), _images(test, seed=1), "made up")


def _rows(pixels: torch.Tensor) -> list[bytes]:
    return [image.numpy().tobytes() for image in pixels.contiguous()]


def _reserve(splits) -> list[bytes]:
    return _rows((splits.target_candidates * 255).round().to(torch.uint8))


def test_the_last_tenth_of_the_training_set_is_held_out_in_order():
    data = _data()
    splits = split(data, seed=0)
    assert torch.equal(splits.calibration.pixels, data.train.pixels[180:])
    assert splits.calibration.label.tolist() == list(range(180, 200))


def test_the_test_set_is_kept_in_order():
    data = _data()
    splits = split(data, seed=0)
    assert torch.equal(splits.test.pixels, data.test.pixels)
    assert torch.equal(splits.test.label, data.test.label)


def test_training_images_and_reserve_are_the_first_nine_tenths():
    data = _data()
    splits = split(data, seed=0)
    assert splits.target_candidates.shape == (16, 1, 5, 4)
    assert len(splits.train) == 180 - 16
    assert sorted(_rows(splits.train.pixels) + _reserve(splits)) == sorted(
        _rows(data.train.pixels[:180])
    )


def test_the_index_finds_the_training_images_with_their_labels_in_order():
    data = _data()
    splits = split(data, seed=0)
    assert torch.equal(splits.train.pixels, data.train.pixels[splits.train_index])
    assert torch.equal(splits.train.label, splits.train_index)
    assert (splits.train_index.diff() > 0).all()


def test_targets_are_float_images_in_zero_to_one():
    target_candidates = split(_data(), seed=0).target_candidates
    assert target_candidates.dtype == torch.float32
    assert 0 <= target_candidates.min() < 0.1 < 0.9 < target_candidates.max() <= 1


def test_targets_are_in_no_other_part_and_the_parts_are_disjoint():
    splits = split(_data(), seed=0)
    parts = [
        set(_reserve(splits)),
        *(set(_rows(part.pixels)) for part in (splits.train, splits.calibration, splits.test)),
    ]
    assert len(set.union(*parts)) == sum(map(len, parts)) == 250


def test_the_seed_alone_decides_the_split():
    data = _data()
    a, b, c = split(data, seed=3), split(data, seed=3), split(data, seed=4)
    assert torch.equal(a.target_candidates, b.target_candidates)
    assert torch.equal(a.train_index, b.train_index)
    assert not torch.equal(a.train_index, c.train_index)


def test_a_larger_reserve_keeps_the_targets_of_a_smaller_one():
    data = _data()
    few, many = split(data, seed=0, target_candidates=4), split(data, seed=0, target_candidates=20)
    assert torch.equal(few.target_candidates, many.target_candidates[:4])


def test_copies_of_targets_are_removed_from_every_part():
    data = _data()
    targets = split(data, seed=0).target_candidates
    copy = (targets * 255).round().to(torch.uint8)
    pixels = data.train.pixels.clone()
    free = split(data, seed=0).train_index
    pixels[free[:2]] = copy[:2]  # two in training, one held out, one of the test images
    pixels[195] = copy[2]
    test = data.test.pixels.clone()
    test[7] = copy[3]
    data = DataSet(ImageSet(pixels, data.train.label), ImageSet(test, data.test.label), "copies")

    for seed in range(20):
        splits = split(data, seed=seed)
        target_candidates = set(_reserve(splits))
        assert len(target_candidates) == 16, "the targets are all different"
        for part in (splits.train, splits.calibration, splits.test):
            assert target_candidates.isdisjoint(_rows(part.pixels))
    splits = split(data, seed=0)
    assert torch.equal(splits.target_candidates[:2], targets[:2])
    assert 195 not in splits.calibration.label
    assert 7 not in splits.test.label
    assert not set(free[:2].tolist()) & set(splits.train.label.tolist())


def test_an_image_with_the_same_sum_as_a_target_is_no_copy():
    data = _data()
    first = split(data, seed=0)
    target = (first.target_candidates[0] * 255).round().to(torch.uint8)
    test = data.test.pixels.clone()
    test[7] = target.flip(-1)
    splits = split(DataSet(data.train, ImageSet(test, data.test.label), "x"), seed=0)
    assert 7 in splits.test.label


@pytest.mark.parametrize(
    ("train", "test", "remain"),
    [(88, 50, "64 training"), (87, 50, "63 training"), (10, 50, "0 training"), (200, 0, "0 test")],
)
def test_a_set_that_is_too_small_is_named_with_what_remains(train, test, remain):
    data = _data(train, test)
    if remain == "64 training":
        assert len(split(data, seed=0).train) == 64
        return
    with pytest.raises(DataError, match=rf"made up: too few images.* {remain}.*add images"):
        split(data, seed=0)


def test_a_set_of_copies_of_one_image_is_refused():
    same = ImageSet(_images(1).pixels.repeat(200, 1, 1, 1), torch.zeros(200, dtype=torch.int64))
    with pytest.raises(DataError, match="1 of 16 different candidate targets"):
        split(DataSet(same, _images(50), "made up"), seed=0)


def test_fewer_training_images_are_the_first_ones_and_leave_the_rest_as_it_was():
    data = _data()
    all_of_them, few = split(data, seed=0), split(data, seed=0, images=70)
    assert torch.equal(few.train_index, all_of_them.train_index[:70])
    assert len(few.train) == 70
    assert torch.equal(few.calibration.pixels, all_of_them.calibration.pixels)
    assert torch.equal(few.target_candidates, all_of_them.target_candidates)
