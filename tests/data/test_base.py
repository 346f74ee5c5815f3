import hashlib

import pytest
import torch

from semvet.data import DataSet, ImageSet, base


def _part(count: int, **scenes: torch.Tensor) -> ImageSet:
    pixels = torch.arange(count * 12, dtype=torch.uint8).view(count, 3, 2, 2)
    return ImageSet(pixels, torch.arange(count), **scenes)


@pytest.fixture
def data():
    scenes = {
        "element_removed": torch.ones(2, 3, 2, 2, dtype=torch.uint8),
        "mask": torch.ones(2, 2, 2, dtype=torch.bool),
    }
    return DataSet(_part(4), _part(2, **scenes), "made up")


def test_the_fingerprint_is_that_of_shapes_and_all_bytes_in_order(data):
    digest = hashlib.sha256()
    for part in (data.train, data.test):
        digest.update(str(tuple(part.pixels.shape)).encode())
        for content in (part.pixels, part.label, part.element_removed, part.mask):
            digest.update(b"" if content is None else content.numpy().tobytes())
    assert data.fingerprint == digest.hexdigest()[:16]


def test_how_pixels_lie_in_memory_does_not_change_the_fingerprint(data):
    pixels = data.train.pixels.contiguous(memory_format=torch.channels_last)
    assert not pixels.is_contiguous()
    again = DataSet(ImageSet(pixels, data.train.label), data.test, "other words")
    assert again.fingerprint == data.fingerprint


def test_the_fingerprint_is_computed_once(data, monkeypatch):
    made = []

    def counted():
        made.append(1)
        return hashlib.new("sha256")

    monkeypatch.setattr(base.hashlib, "sha256", counted)
    assert data.fingerprint == data.fingerprint
    assert len(made) == 1
