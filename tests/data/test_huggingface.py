"""Any data set of the hub by its name, from a hub that runs on this machine."""

import json

import pyarrow as pa
import pytest
import torch
from made_files import noise, png, shard
from odd_files import ODD_FILES
from pyarrow import parquet

from semvet.catalog import make_source, resolve
from semvet.config import make_run
from semvet.data import HuggingFace
from semvet.errors import DataError

NAME = "someone/some-images"
IMAGES = [png(x) for x in noise(30, 8, 8)]
LABELS = [i % 3 for i in range(30)]


@pytest.fixture
def some(hub):
    """20 + 10 grey images in three classes, not sorted by class."""
    hub.add(
        NAME,
        {
            "data/train-00000-of-00002-0a1b.parquet": shard(IMAGES[:12], LABELS[:12]),
            "data/train-00001-of-00002-0a1b.parquet": shard(IMAGES[12:20], LABELS[12:20]),
            "data/test-00000-of-00001.parquet": shard(IMAGES[20:], LABELS[20:]),
        },
    )
    return hub


def test_a_data_set_is_loaded_by_its_name(some, tmp_path):
    run = resolve(make_run({"data": NAME}))
    assert (run.data.name, run.data.args["path"]) == ("huggingface", NAME)
    data = make_source(run.data).load()
    folder = tmp_path / "share/semvet/data" / NAME
    assert data.source == f"{NAME}, downloaded from the hub to {folder} (20 + 10 images)"
    assert (data.train.pixels[:, 0].numpy() == noise(30, 8, 8)[:20]).all()
    assert (data.test.pixels[:, 0].numpy() == noise(30, 8, 8)[20:]).all()
    assert data.train.label.tolist() == LABELS[:20]
    some.asked.clear()
    again = HuggingFace(path=NAME).load()
    assert (again.fingerprint, some.asked) == (data.fingerprint, [])
    assert again.source == f"{NAME}, local folder {folder} (20 + 10 images)"


def test_the_name_takes_arguments(some):
    run = resolve(make_run({"data": {"name": NAME, "size": 96, "channels": 3}}))
    assert make_source(run.data).load().shape == (3, 96, 96)


def test_where_there_is_no_test_split_a_share_is_tested_on(some):
    some.add(NAME, {"train.parquet": shard(IMAGES, LABELS)})
    data = HuggingFace(path=NAME, test_share=0.2).load()
    assert (len(data.train), len(data.test)) == (24, 6)
    assert (data.test.pixels[:, 0].numpy() == noise(30, 8, 8)[4::5]).all()
    assert HuggingFace(path=NAME, test_share=0.2).load().fingerprint == data.fingerprint


@pytest.mark.parametrize(("share", "part"), [(0.01, "test"), (1.0, "training")])
def test_a_share_that_leaves_a_part_empty_is_named(some, share, part):
    some.add(NAME, {"train.parquet": shard(IMAGES, LABELS)})
    with pytest.raises(DataError, match=rf"data\.test_share={share:g} leaves no {part} image"):
        HuggingFace(path=NAME, test_share=share).load()


def test_a_split_sorted_by_class_is_spread_evenly(some):
    order = sorted(range(30), key=lambda i: LABELS[i])
    labels = sorted(LABELS)
    some.add(NAME, {"train.parquet": shard([IMAGES[i] for i in order], labels)})
    data = HuggingFace(path=NAME).load()
    assert data.train.label[-6:].bincount().tolist() == [2, 2, 2]
    joined = torch.cat([data.train.pixels, data.test.pixels])[:, 0].numpy()
    assert sorted(x.tobytes() for x in joined) == sorted(x.tobytes() for x in noise(30, 8, 8))


def test_columns_splits_and_configurations_are_found_by_name(some, tmp_path):
    content = shard(IMAGES, LABELS, image="picture", label="fine_label")
    some.add(NAME, {f"{c}/{s}/0000.parquet": content for c in "ab" for s in ("train", "valid")})
    asked = {"config": "b", "test": "valid", "image": "picture", "label": "fine_label"}
    data = HuggingFace(path=NAME, **asked).load()
    assert (len(data.train), len(data.test)) == (30, 30)
    (copy,) = (tmp_path / "share/semvet/data/someone").glob("some*")
    assert copy.name == "some-images,config=b,test=valid,image=picture,label=fine_label"
    assert HuggingFace(path=NAME, config="a", label=None).load().train.label.unique() == -1


def test_a_revision_is_asked_for_and_pinned(some):
    some.add(NAME, {"train.parquet": shard(IMAGES[:20], LABELS[:20])}, "v1.0")
    assert len(HuggingFace(path=NAME, revision="v1.0").load().train) == 18


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"config": "c"}, "no data.config 'c'; .*allowed: a, b"),
        ({}, "several configurations; set data.config to one of a, b"),
        ({"config": "a", "train": "trian"}, "no split 'trian' .data.train.; did you mean 'train'"),
        ({"config": "a", "test": "test"}, "no split 'test' .data.test.; .*allowed: train, valid"),
        ({"config": "a", "test": "train"}, "data.train and data.test are both 'train'"),
        ({"config": "a", "image": "img"}, "no column 'img' .data.image.;.*allowed: label, picture"),
        ({"config": "a", "label": "class"}, "no column 'class' .data.label.;.* or null"),
        ({"config": "a", "image": "label"}, "data.image and data.label are both 'label'"),
        ({"revision": "gone"}, "has no revision 'gone'; give a branch, tag or commit"),
        ({"path": "someone/else"}, "no such data set, or a private or gated one .*HF_TOKEN"),
        ({"path": "../else"}, "'../else' is not a name on the hub; allowed: owner/name"),
        ({"path": "a/b/c"}, "'a/b/c' is not a name on the hub"),
        ({"path": "a/ b"}, "'a/ b': not a name on the hub"),
    ],
    ids=str,
)
def test_what_is_not_there_is_named_with_what_there_is(some, tmp_path, arguments, words):
    content = shard(IMAGES, LABELS, image="picture")
    some.add(NAME, {f"{c}/{s}/0000.parquet": content for c in "ab" for s in ("train", "valid")})
    with pytest.raises(DataError, match=words):
        HuggingFace(**{"path": NAME, **arguments}).load()
    assert not list((tmp_path / "share").rglob("*.parquet"))


def test_a_file_with_several_columns_of_images_is_named(some, tmp_path):
    images = [{"bytes": IMAGES[0], "path": None}]
    table = pa.table({"left": images, "right": images, "label": [0]})
    parquet.write_table(table, tmp_path / "two.parquet")
    some.add(NAME, {"train.parquet": (tmp_path / "two.parquet").read_bytes()})
    with pytest.raises(DataError, match=r"2 columns of images; set data\.image .* left, right"):
        HuggingFace(path=NAME).load()


def test_images_of_different_sizes_name_the_way_out(some):
    mixed = [png(x) for x in (*noise(5, 8, 8), *noise(5, 9, 7))]
    some.add(NAME, {"train.parquet": shard(mixed, [0] * 10)})
    with pytest.raises(DataError, match=r"is 7x9 with 1 channel, but .*set data\.size"):
        HuggingFace(path=NAME).load()
    assert HuggingFace(path=NAME, size=70).load().shape == (1, 70, 70)


def test_test_images_of_another_size_name_the_way_out(some):
    wide = [png(x) for x in noise(5, 9, 9)]
    some.add(NAME, {"train.parquet": shard(IMAGES, LABELS), "test.parquet": shard(wide, [0] * 5)})
    with pytest.raises(
        DataError, match=r"are 8x8 with 1 channel, the test images 9x9 .*data\.size"
    ):
        HuggingFace(path=NAME).load()


def test_a_copy_that_lost_its_test_images_is_not_taken_for_one_without(some, tmp_path):
    HuggingFace(path=NAME).fetch()
    (tmp_path / "share/semvet/data" / NAME / "test.parquet").unlink()
    with pytest.raises(DataError, match=r"test\.parquet: no such file"):
        HuggingFace(path=NAME).load()


def test_without_network_the_error_names_the_local_ways_out():
    with pytest.raises(DataError) as caught:
        HuggingFace(path=NAME).load()
    for part in (NAME, "HF_HUB_OFFLINE", "mnist (packaged sample", "image-folder", "data fetch"):
        assert part in str(caught.value)


def test_a_split_sorted_by_class_may_begin_with_images_that_have_none(some):
    labels = [-1] * 10 + [0] * 10 + [1] * 10
    some.add(NAME, {"train.parquet": shard(IMAGES, labels)})
    data = HuggingFace(path=NAME).load()
    assert (data.train.label[-6:] + 1).bincount().tolist() == [2, 2, 2]


@pytest.mark.parametrize("labels", [["cat"] * 30, [0.5] * 30, [[1]] * 30])
def test_a_column_that_holds_no_classes_is_named_before_anything_is_kept(some, tmp_path, labels):
    some.add(NAME, {"train.parquet": shard(IMAGES, labels)})
    with pytest.raises(DataError, match=r"'label' \(data\.label\) holds no class indices .*null"):
        HuggingFace(path=NAME).load()
    assert not list((tmp_path / "share").rglob("*.parquet"))


def test_a_column_that_holds_no_images_is_named(some):
    some.add(NAME, {"train.parquet": shard(IMAGES, LABELS)})
    with pytest.raises(DataError, match=r"'label' \(data\.image\) holds no encoded images but int"):
        HuggingFace(path=NAME, image="label", label=None).load()


def test_a_column_of_plain_bytes_is_taken_when_it_is_named(some, tmp_path):
    parquet.write_table(pa.table({"raw": IMAGES, "label": LABELS}), tmp_path / "raw.parquet")
    some.add(NAME, {"train.parquet": (tmp_path / "raw.parquet").read_bytes()})
    with pytest.raises(DataError, match=r"no column of images; set data\.image to .* raw, label"):
        HuggingFace(path=NAME).load()
    assert len(HuggingFace(path=NAME, image="raw").load().train) == 27


def test_the_copy_keeps_bytes_paths_and_classes_in_groups_of_2000_rows(some, tmp_path):
    images = [{"bytes": IMAGES[i % 30], "path": f"{i}.png"} for i in range(2500)]
    table = pa.table({"image": images, "label": pa.array([i % 3 for i in range(2500)], pa.int8())})
    parquet.write_table(table, tmp_path / "many.parquet")
    some.add(NAME, {"train.parquet": (tmp_path / "many.parquet").read_bytes()})
    folder = HuggingFace(path=NAME).fetch().folder
    with parquet.ParquetFile(folder / "train.parquet") as file:
        assert [file.metadata.row_group(i).num_rows for i in range(2)] == [2000, 500]
        copy = file.read()
    assert copy.to_pydict() == table.to_pydict()
    features = json.loads(copy.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}


@pytest.mark.parametrize("said", ["\x1b[2J", "0123456789abcdeg", 5, None, {"a": 1}])
def test_a_fingerprint_that_is_none_is_not_repeated(some, said):
    folder = HuggingFace(path=NAME).fetch().folder
    (folder / "origin.json").write_text(json.dumps({"fingerprint": said}))
    assert HuggingFace(path=NAME).fetch().fingerprint == ""


@pytest.mark.parametrize("kind", ODD_FILES)
def test_an_origin_that_is_no_file_is_taken_for_none(some, kind, monkeypatch):
    folder = HuggingFace(path=NAME).fetch().folder
    (folder / "origin.json").unlink()
    monkeypatch.chdir(folder)
    ODD_FILES[kind][0](folder / "origin.json")
    assert HuggingFace(path=NAME).fetch().fingerprint == ""


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 6000, "[]", '{"a": '])
def test_an_origin_that_is_no_json_object_is_taken_for_none(some, text):
    folder = HuggingFace(path=NAME).fetch().folder
    (folder / "origin.json").write_text(text)
    assert HuggingFace(path=NAME).fetch().fingerprint == ""
