import pytest
import torch
from support import semvet

from semvet.catalog import resolve
from semvet.data import ImageSet, Mnist, Scenes, split
from semvet.data.scenes import _pools, _shrunk
from semvet.errors import DataError


@pytest.fixture(autouse=True, scope="module")
def _decoded_once():
    items = Mnist(source="sample").load()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mnist, "load", lambda self: items)
        yield


def scenes(**changes):
    return Scenes(**{"source": "sample", "count": 400, "test_count": 200, **changes}).load()


@pytest.fixture(scope="module")
def data(_decoded_once):
    return scenes()


@pytest.fixture(params=["training", "test"])
def part(request, data):
    return data.train if request.param == "training" else data.test


def test_a_scene_less_its_element_is_the_same_outside_the_mask_and_darker_inside(part):
    scene, without = part.pixels[:, 0].int(), part.element_removed[:, 0].int()
    assert torch.equal(scene[~part.mask], without[~part.mask])
    assert (scene >= without).all()
    assert (scene > without)[part.mask].float().mean() > 0.99  # all but the faintest edges


def test_the_mask_is_where_an_item_of_the_class_has_ink(data):
    items = Mnist(source="sample").load().train
    sevens = {s.numpy().tobytes() for s in _shrunk(items.pixels[items.label == 7], 14) > 0}
    shown = data.train.take(data.train.label == 1)
    for mask in shown.mask[:50]:
        quarter = mask.view(2, 16, 2, 16).any(dim=3).any(dim=1)
        assert quarter.sum() == 1  # in one quarter, as no other item
        row, column = quarter.nonzero()[0].tolist()
        corner = mask[16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
        windows = corner.unfold(0, 14, 1).unfold(1, 14, 1).flatten(0, 1)
        assert any(window.contiguous().numpy().tobytes() in sevens for window in windows)


def test_a_scene_without_the_element_is_left_alone(part):
    bare = part.take(part.label == 0)
    assert torch.equal(bare.pixels, bare.element_removed)
    assert not bare.mask.any()
    assert part.mask[part.label == 1].flatten(1).any(dim=1).all()


@pytest.mark.parametrize("share", [0.5, 0.25, 1.0])
def test_the_share_of_scenes_with_the_element_is_exact(share):
    found = scenes(share=share)
    assert int(found.train.label.sum()) == 400 * share
    assert int(found.test.label.sum()) == 200 * share
    assert found.train.label.unique().tolist() == ([0, 1] if share < 1 else [1])


def test_shapes_types_and_background(data):
    for part, count in ((data.train, 400), (data.test, 200)):
        assert part.pixels.shape == part.element_removed.shape == (count, 1, 32, 32)
        assert part.mask.shape == (count, 32, 32)
        types = (part.pixels.dtype, part.element_removed.dtype, part.mask.dtype, part.label.dtype)
        assert types == (torch.uint8, torch.uint8, torch.bool, torch.int64)
    empty = data.train.element_removed[
        :, 0, 15:17, 15:17
    ].float()  # between the items, most of the time
    assert empty.median() < 128
    assert empty.flatten(1).mean(dim=1).std() > 10  # of another brightness in each scene


def test_every_scene_holds_the_same_number_of_items():
    dark = scenes(objects=1)
    assert torch.equal(dark.train.mask.flatten(1).any(dim=1), dark.train.label == 1)
    crowded = scenes(objects=4, size=64)
    assert crowded.shape == (1, 64, 64)
    bright = (crowded.train.pixels > 200).view(-1, 2, 32, 2, 32).any(dim=4).any(dim=2)
    assert bright.flatten(1).sum(dim=1).float().mean() > 3.9  # an item in each quarter


def test_scenes_depend_on_their_arguments_alone(data):
    assert scenes().fingerprint == data.fingerprint == scenes(size=32).fingerprint
    changed = [scenes(**c).fingerprint for c in ({"seed": 1}, {"element": 3}, {"objects": 2})]
    assert len({data.fingerprint, *changed}) == 4


def test_training_and_test_scenes_come_from_training_and_test_items(data, monkeypatch):
    seen = []

    def record(items, element, what):
        seen.append((what, len(items)))
        return _pools(items, element, what)

    monkeypatch.setattr("semvet.data.scenes._pools", record)
    assert scenes().fingerprint == data.fingerprint
    assert seen == [("training items of mnist", 6000), ("test items of mnist", 1000)]
    seven = {x.tobytes() for x in data.train.pixels.numpy()}
    assert seven.isdisjoint(x.tobytes() for x in data.test.pixels.numpy())


def test_bags_of_fashion_mnist():
    bags = scenes(items="fashion_mnist", element=8)
    assert "class 8; items: fashion_mnist, packaged sample" in bags.source
    size = [d.train.mask[d.train.label == 1].float().mean() for d in (bags, scenes())]
    assert size[0] > 2 * size[1]


def test_splits_keep_what_is_known_of_the_scenes(data):
    splits = split(data, seed=0)
    for part in (splits.train, splits.calibration, splits.test):
        assert len(part.element_removed) == len(part.mask) == len(part)
        assert torch.equal(part.pixels[:, 0][~part.mask], part.element_removed[:, 0][~part.mask])
    assert torch.equal(splits.train.element_removed, data.train.element_removed[splits.train_index])
    assert torch.equal(splits.test.mask, data.test.mask)
    index = torch.tensor([5, 2])
    assert torch.equal(data.train.take(index).mask, data.train.mask[index])
    assert isinstance(data.train.take(data.train.label == 1), ImageSet)


@pytest.mark.parametrize("element", [12, -1])
def test_an_element_that_no_item_has_is_refused(element):
    message = rf"data\.element: {element} is the class of no training items of mnist; .* 0, 1, .* 9"
    with pytest.raises(DataError, match=message):
        scenes(element=element)


def test_items_that_are_all_the_element_are_refused():
    same = ImageSet(torch.zeros(3, 1, 28, 28, dtype=torch.uint8), torch.full((3,), 4))
    with pytest.raises(DataError, match="4 is the class of all items"):
        _pools(same, 4, "items")


@pytest.mark.parametrize(
    ("argument", "allowed"),
    [
        ({"size": 30}, "multiple of 4"),
        ({"size": 12}, ">= 16"),
        ({"objects": 5}, "<= 4"),
        ({"share": 0}, "> 0"),
        ({"items": "cifar10"}, "mnist, fashion_mnist"),
    ],
)
def test_wrong_arguments_name_what_is_allowed(argument, allowed):
    with pytest.raises(Exception, match=allowed):
        resolve({"data": {"name": "scenes", **argument}})


def test_the_command_line_composes_and_describes_them():
    status, out, _ = semvet("data", "check", "scenes", "source=sample", "count=60", "test_count=20")
    assert status == 0
    assert "60 + 20 scenes of 3 items, 50% with class 7; items: mnist, packaged sample" in out
    assert "1x32x32" in out
    status, out, _ = semvet("data", "list")
    assert status == 0
    assert "scenes" in out
