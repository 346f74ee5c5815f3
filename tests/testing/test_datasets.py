"""Each promise of a data set is one that can be broken, and then it says so."""

from dataclasses import replace

import pytest
import torch

from semvet.data import Scenes, Source
from semvet.testing import check_dataset


class Base(Source):
    """Scenes, few of them."""

    def load(self):
        return self.changed(Scenes(source="sample", count=40, test_count=10).load())

    def changed(self, data):
        return data


class Silent(Base):
    def now(self):
        return " "


class Nameless(Base):
    def changed(self, data):
        return replace(data, source="")


class Floats(Base):
    def changed(self, data):
        object.__setattr__(data.train, "pixels", data.train.pixels / 255)  # types are not checked
        return data


class Cropped(Base):
    def changed(self, data):
        object.__setattr__(data.test, "pixels", data.test.pixels[..., 1:])
        return data


class Empty(Base):
    def changed(self, data):
        return replace(data, test=data.test.take(torch.zeros(0, dtype=torch.int64)))


class FewLabels(Base):
    def changed(self, data):
        return replace(data, train=replace(data.train, label=data.train.label[:-1]))


class Moving(Base):
    loads = 0

    def changed(self, data):
        Moving.loads += 1
        return replace(data, train=data.train.take(torch.arange(40).roll(Moving.loads)))


class Drawn(Base):
    def changed(self, data):
        torch.rand(1)
        return data


class NoMask(Base):
    def changed(self, data):
        return replace(data, train=replace(data.train, mask=torch.zeros_like(data.train.mask)))


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        (Silent, "where its images would come from: now"),
        (Nameless, "it says what its images are: source is ''"),
        (Floats, "train is torch.float32, not uint8"),
        (Cropped, "test has another shape"),
        (Empty, "test holds no image"),
        (FewLabels, r"a label or minus 1: train: \(39,\) torch.int64 of 40 images"),
        (Moving, "the same images every time: the fingerprint is "),
        (Drawn, "draws from torch's global stream"),
        (NoMask, "under its mask only: train: pixels outside the mask differ"),
    ],
)
def test_a_broken_promise_is_named(dataset, words):
    with pytest.raises(AssertionError, match=f"{dataset.__name__}: broken promise: .*{words}"):
        check_dataset(dataset)


def test_a_whole_one_keeps_them_all():
    check_dataset(Base)
