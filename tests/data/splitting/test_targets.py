import pytest
import torch
from odd_files import ODD_FILES
from PIL import Image

from semvet.data import DataSet, ImageSet, Mnist, split, targets_from, targets_from_folder
from semvet.errors import DataError
from semvet.randomness import stream
from semvet.types import ImageShape

GREY, COLOUR = ImageShape(1, 28, 28), ImageShape(3, 32, 32)


def images(count, shape=GREY, name="images"):
    rng = stream(0, name)
    pixels = torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=rng)
    return ImageSet(pixels, torch.arange(count) % 3)


@pytest.fixture
def folder(tmp_path):
    for name, size in (("b.png", 28), ("a.png", 28), (".hidden", 0)):
        if size:
            Image.new("L", (size, size), len(name) + ord(name[0])).save(tmp_path / name)
        else:
            (tmp_path / name).write_text("not an image")
    return tmp_path


def test_a_folder_gives_its_images_in_sorted_order(folder):
    found = targets_from_folder(str(folder), shape=GREY, fit=False)
    assert found.pixels[:, 0, 0, 0].tolist() == [5 + ord("a"), 5 + ord("b")]
    assert found.label.tolist() == [-1, -1]


def test_a_grey_digit_becomes_a_colour_target_when_asked_to():
    five = targets_from(
        Mnist(source="sample").load().train, "mnist", label=5, shape=COLOUR, fit=True
    )
    assert five.pixels.shape == (16, 3, 32, 32)
    assert (five.label == 5).all()
    assert torch.equal(five.pixels[:, 0], five.pixels[:, 2])
    assert five.pixels.float().mean() == pytest.approx(33, abs=8)  # still a digit on black
    grey = targets_from(images(3, COLOUR), "x", label=None, shape=GREY, fit=True)
    assert grey.pixels.shape == (3, 1, 28, 28)


@pytest.mark.parametrize("shape", [COLOUR, ImageShape(1, 32, 28)])
def test_a_target_of_another_shape_or_channel_count_is_refused(folder, shape):
    with pytest.raises(
        DataError, match=r"a\.png: a target is 28x28 with 1 channel, but .*fit=true"
    ):
        targets_from_folder(str(folder), shape=shape, fit=False)
    with pytest.raises(DataError, match=r"targets\.data: mine: a target is 28x28"):
        targets_from(images(5), "mine", label=None, shape=shape, fit=False)


def test_a_class_that_no_target_has_is_refused():
    with pytest.raises(
        DataError, match=r"targets\.label: no image of mine has class 7; .* 0, 1, 2"
    ):
        targets_from(images(5), "mine", label=7, shape=GREY, fit=False)


def test_no_folder_and_an_empty_one_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"targets\.folder: .* is not a folder"):
        targets_from_folder(str(tmp_path / "none"), shape=GREY, fit=False)
    with pytest.raises(DataError, match=r"targets\.folder: .* holds no files"):
        targets_from_folder(str(tmp_path), shape=GREY, fit=False)


def test_given_targets_are_in_no_part_of_the_data_and_nothing_else_is_taken_out():
    train, test = images(300), images(40, name="test")
    targets = ImageSet(
        torch.cat([train.pixels[[5, 290]], test.pixels[:1]]), torch.tensor([2, 2, 0])
    )
    parts = split(DataSet(train, test, "x"), seed=0, targets=targets)
    assert (len(parts.train), len(parts.calibration), len(parts.test)) == (269, 29, 39)
    assert torch.equal((parts.target_candidates * 255).round().to(torch.uint8), targets.pixels)
    assert parts.target_candidate_labels.tolist() == [2, 2, 0]


@pytest.mark.parametrize("kind", sorted(ODD_FILES.keys() - {"folder"}))
def test_a_target_that_is_no_file_is_refused_unopened(folder, monkeypatch, kind):
    make, words = ODD_FILES[kind]
    monkeypatch.chdir(folder)
    make(folder / "c.png")
    with pytest.raises(DataError, match=rf"c\.png: cannot be read \({words}\); repair it"):
        targets_from_folder(str(folder), shape=GREY, fit=False)
