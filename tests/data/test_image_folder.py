import os

import numpy as np
import pytest
import torch
from made_files import noise, png, save
from odd_files import ODD_FILES, sparse

from semvet.data import ImageFolder
from semvet.data.decoding import files
from semvet.errors import DataError

IMAGES = noise(20, 8, 8)


@pytest.fixture
def classes(tmp_path):
    """cat/ and dog/ with 20 different grey images each, of different pixels."""
    for name, seed in (("cat", 1), ("dog", 2)):
        for i, image in enumerate(noise(20, 8, 8, seed=seed)):
            save(tmp_path / name / f"{i:02d}.png", image)
    return tmp_path


def _load(root, **options):
    return ImageFolder(root=str(root), **options).load()


def _same(pixels: torch.Tensor, images: np.ndarray) -> bool:
    """Whether `pixels` are `images` in any order."""
    found, wanted = (sorted(x.tobytes() for x in y) for y in (pixels[:, 0].numpy(), images))
    return found == wanted


def test_every_tenth_file_of_each_class_is_a_test_image(classes):
    data = _load(classes)
    cat, dog = noise(20, 8, 8, seed=1), noise(20, 8, 8, seed=2)
    assert _same(data.test.pixels[data.test.label == 0], cat[[9, 19]])
    assert _same(data.test.pixels[data.test.label == 1], dog[[9, 19]])
    kept = [i for i in range(20) if i not in (9, 19)]
    assert _same(data.train.pixels[data.train.label == 0], cat[kept])
    assert _same(data.train.pixels[data.train.label == 1], dog[kept])


def test_the_source_says_the_folder_and_the_counts(classes):
    assert _load(classes).source == f"image folder {classes} (36 + 4 images)"


def test_loading_twice_and_from_elsewhere_gives_the_same_fingerprint(classes, tmp_path):
    here = _load(classes).fingerprint
    assert here == _load(classes).fingerprint
    moved = classes.rename(tmp_path.with_name(tmp_path.name + "-moved"))
    assert _load(moved).fingerprint == here


def test_any_stretch_of_the_training_set_holds_all_classes_in_proportion(tmp_path):
    for name, count in (("a", 60), ("b", 30), ("c", 10)):
        for i, image in enumerate(noise(count, 8, 8)):
            save(tmp_path / name / f"{i}.png", image)
    last = _load(tmp_path).train.label[-30:]
    assert [(last == k).sum().item() for k in range(3)] == pytest.approx([18, 9, 3], abs=1)


def test_train_and_test_folders_are_taken_as_they_are(tmp_path):
    for part, images in (("train", IMAGES[:6]), ("test", IMAGES[6:10])):
        for i, image in enumerate(images):
            save(tmp_path / part / ("cat" if i % 2 else "dog") / f"{i}.png", image)
    (tmp_path / "README.md").write_text("lies beside train/ and test/")
    data = _load(tmp_path)
    assert _same(data.train.pixels, IMAGES[:6])
    assert _same(data.test.pixels, IMAGES[6:10])
    assert sorted(data.test.label.tolist()) == [0, 0, 1, 1]


def test_images_deeper_in_a_class_folder_belong_to_the_class(tmp_path):
    for i, image in enumerate(IMAGES):
        save(tmp_path / "cat" / f"more{i % 2}" / f"{i}.png", image)
    data = _load(tmp_path)
    assert _same(torch.cat([data.train.pixels, data.test.pixels]), IMAGES)
    assert set(data.train.label.tolist()) == {0}


def test_without_labels_any_layout_is_read(tmp_path):
    for i, image in enumerate(IMAGES):
        save(tmp_path / ("", "some", "some/deeper")[i % 3] / f"{i}.png", image)
    data = _load(tmp_path, labelled=False)
    assert _same(torch.cat([data.train.pixels, data.test.pixels]), IMAGES)
    assert len(data.test) == 2
    assert set(data.train.label.tolist()) | set(data.test.label.tolist()) == {-1}


def test_without_labels_train_and_test_may_have_different_folders(tmp_path):
    save(tmp_path / "train" / "a" / "0.png", IMAGES[0])
    save(tmp_path / "test" / "b" / "1.png", IMAGES[1])
    data = _load(tmp_path, labelled=False)
    assert (data.train.label.tolist(), data.test.label.tolist()) == ([-1], [-1])


def test_images_are_resized_and_converted_on_request(classes):
    save(classes / "cat" / "wide.png", noise(1, 20, 30, 3)[0])
    data = _load(classes, size=12, channels=3)
    assert data.shape == (3, 12, 12)
    assert data.train.pixels.dtype == torch.uint8


def test_hidden_files_and_what_desktops_leave_behind_are_skipped(classes):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._00.png"):
        (classes / "cat" / name).write_bytes(b"no image")
    (classes / ".cache").mkdir()
    assert len(_load(classes).train) == 36


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no such folder; set data\.root"):
        _load(tmp_path / "nowhere")


@pytest.mark.parametrize("labelled", [True, False])
def test_an_empty_folder_is_named(tmp_path, labelled):
    with pytest.raises(DataError, match=rf"{tmp_path}: holds no images.*data\.root"):
        _load(tmp_path, labelled=labelled)


def test_a_label_less_folder_is_named_with_both_ways_out(tmp_path):
    for i, image in enumerate(IMAGES):
        save(tmp_path / f"{i}.png", image)
    with pytest.raises(DataError) as caught:
        _load(tmp_path)
    for part in (str(tmp_path), "no class subfolders", "one subfolder a class", "labelled=false"):
        assert part in str(caught.value)


def test_a_label_less_training_folder_is_named(tmp_path):
    save(tmp_path / "train" / "0.png", IMAGES[0])
    save(tmp_path / "test" / "cat" / "1.png", IMAGES[1])
    with pytest.raises(DataError, match=rf"{tmp_path / 'train'}: has no class subfolders"):
        _load(tmp_path)


def test_a_file_beside_the_class_folders_is_named(classes):
    (classes / "labels.csv").write_text("0,cat")
    with pytest.raises(DataError, match=r"labels\.csv: lies beside the class folders; move it"):
        _load(classes)


def test_a_class_without_images_is_named(classes):
    (classes / "emu").mkdir()
    with pytest.raises(DataError, match=r"emu: a class without images; add some or remove it"):
        _load(classes)


def test_a_class_that_only_the_test_set_has_is_named(tmp_path):
    save(tmp_path / "train" / "cat" / "0.png", IMAGES[0])
    save(tmp_path / "test" / "dog" / "1.png", IMAGES[1])
    with pytest.raises(DataError, match=r"test/dog: a class that train/ does not have"):
        _load(tmp_path)


def test_a_training_folder_without_a_test_folder_is_named(tmp_path):
    save(tmp_path / "train" / "cat" / "0.png", IMAGES[0])
    with pytest.raises(DataError, match=r"has train/ but not both.*add the other one"):
        _load(tmp_path)


@pytest.mark.parametrize(("share", "what"), [(0.01, "test"), (1.0, "training")])
def test_a_share_that_leaves_a_part_empty_is_named(classes, share, what):
    with pytest.raises(DataError, match=rf"data\.test_share={share:g} leaves no {what} image"):
        _load(classes, test_share=share)


def test_a_visible_file_that_is_no_image_is_named(classes):
    (classes / "dog" / "notes.txt").write_text("not an image")
    with pytest.raises(DataError, match=r"dog/notes\.txt is not an image.*remove it, or hide it"):
        _load(classes)


@pytest.mark.parametrize("kept", [0, 20, 60])
def test_a_corrupt_image_is_named(classes, kept):
    (classes / "dog" / "03.png").write_bytes(png(IMAGES[3])[:kept])
    with pytest.raises(DataError, match=r"dog/03\.png .*repair it, remove it"):
        _load(classes)


def test_a_link_to_a_missing_image_is_named(classes):
    (classes / "dog" / "03.png").unlink()
    os.symlink(classes / "gone.png", classes / "dog" / "03.png")
    with pytest.raises(DataError, match=r"dog/03\.png: cannot be read.*remove it"):
        _load(classes)


def test_an_image_of_another_size_is_named_with_the_way_out(classes):
    save(classes / "dog" / "03.png", noise(1, 8, 9)[0])
    with pytest.raises(DataError, match=r"dog/03\.png is 9x8 with 1 channel, but .*data\.size"):
        _load(classes)


def test_a_wrong_channel_count_is_named_with_the_way_out(classes):
    save(classes / "dog" / "03.png", noise(1, 8, 8, 3)[0])
    with pytest.raises(DataError, match=r"dog/03\.png is 8x8 with 3 channels, .*data\.channels"):
        _load(classes)


def test_an_alpha_channel_is_named_with_the_way_out(classes):
    save(classes / "dog" / "03.png", noise(1, 8, 8, 4)[0])
    with pytest.raises(DataError, match=r"dog/03\.png has an alpha channel.*data\.channels=3"):
        _load(classes)


def test_a_test_image_of_another_size_than_the_training_images_is_named(tmp_path):
    save(tmp_path / "train" / "cat" / "0.png", IMAGES[0])
    save(tmp_path / "test" / "cat" / "1.png", noise(1, 9, 9)[0])
    with pytest.raises(DataError, match=r"test/cat/1\.png is 9x9"):
        _load(tmp_path)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("kind", sorted(ODD_FILES.keys() - {"folder"}))
def test_what_is_no_file_is_named_and_not_opened(classes, monkeypatch, kind, labelled):
    make, words = ODD_FILES[kind]
    monkeypatch.chdir(classes)
    make(classes / "dog" / "x.png")
    with pytest.raises(DataError, match=rf"dog/x\.png: cannot be read \({words}\); .*remove it"):
        _load(classes, labelled=labelled)


@pytest.mark.parametrize("name", ["x.png", "dog/x.JPEG"])
def test_a_folder_named_like_an_image_is_named(classes, name):
    save(classes / name / "00.png", IMAGES[0])
    with pytest.raises(DataError, match=rf"{name}: a folder named like an image; rename it"):
        _load(classes)


def test_a_file_that_is_larger_than_any_image_is_named_and_not_read(classes):
    sparse(classes / "dog" / "x.png", 300 * 2**20)
    with pytest.raises(DataError, match=r"x\.png: cannot be read \(it holds 300 MiB, at most 65 M"):
        _load(classes)


def test_an_image_with_long_sides_is_named(classes):
    save(classes / "dog" / "x.png", np.zeros((1, 5000), np.uint8))
    with pytest.raises(DataError, match=r"dog/x\.png is 5000x1; images have 1 to 4096 pixels"):
        _load(classes)


@pytest.mark.parametrize("labelled", [True, False])
def test_a_link_that_leads_back_is_named(classes, labelled):
    (classes / "dog" / "again").symlink_to(classes / "dog")
    with pytest.raises(DataError, match=r"dog/again: a link that leads back .*remove it"):
        _load(classes, labelled=labelled)


def test_a_link_to_a_folder_elsewhere_is_followed(classes, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    save(elsewhere / "more.png", IMAGES[0])
    (classes / "dog" / "more").symlink_to(elsewhere)
    assert len(_load(classes).train) == 37


def test_folders_in_folders_without_end_are_named(tmp_path):
    save(tmp_path / "cat" / ("a/" * 100) / "x.png", IMAGES[0])
    with pytest.raises(DataError, match="lies more than 64 folders deep; move it up"):
        _load(tmp_path)


@pytest.mark.parametrize("labelled", [True, False])
def test_more_files_than_memory_holds_are_not_listed_to_the_end(classes, monkeypatch, labelled):
    monkeypatch.setattr(files, "MOST_IMAGES", 30)
    words = rf"{classes}: holds more than 30 files; all images are in memory: take fewer"
    with pytest.raises(DataError, match=words):
        _load(classes, labelled=labelled)
    listing = files.Listing(classes)
    with pytest.raises(DataError, match=words):
        listing.files_below(classes)
    assert listing.seen == 31


@pytest.mark.parametrize("name", ["a\nb.png", "\x1b[2J.png", os.fsdecode(b"\xff.png")])
def test_a_name_that_would_change_the_terminal_is_escaped(classes, name):
    save(classes / "dog" / name, IMAGES[0])
    assert len(_load(classes).train) == 37
    (classes / "dog" / name).write_bytes(b"no image")
    with pytest.raises(DataError, match=r"is not an image") as caught:
        _load(classes)
    assert repr(str(classes / "dog" / name)) in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_folder_that_may_not_be_listed_is_named(classes, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(files.os, "scandir", refuse)  # whoever runs this may be root
    with pytest.raises(DataError, match=r"cannot be listed \(Permission denied\); allow reading"):
        _load(classes)
