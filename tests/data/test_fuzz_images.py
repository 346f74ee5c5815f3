"""Mutated image files are loaded or refused with a DataError, and nothing else."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_files import noise
from mutations import fuzzed, mutated, outcome, with_checksums
from PIL import Image, ImageCms

from semvet.data.decoding.pixels import decode
from semvet.errors import DataError

GREY, COLOUR, CLEAR = (noise(1, 16, 16, *chan)[0] for chan in ((), (3,), (4,)))


def _encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def samples() -> list[bytes]:
    grey, colour = Image.fromarray(GREY), Image.fromarray(COLOUR)
    exif = Image.Exif()
    exif[0x0112] = 6
    lab = ImageCms.profileToProfile(
        colour, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    deep = Image.fromarray(GREY.astype(np.uint16) * 257)
    images = [
        (image, kind, {})
        for image in (grey, colour)
        for kind in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM")
    ]
    images += [
        (colour, "WEBP", {}), (colour, "JPEG", {"progressive": True}),
        (colour, "JPEG", {"exif": exif}), (colour.convert("CMYK"), "JPEG", {}),
        (colour, "PNG", {"exif": exif}), (colour.quantize(8), "PNG", {"transparency": 0}),
        (Image.fromarray(CLEAR), "PNG", {}), (deep, "PNG", {}), (deep, "TIFF", {}),
        (Image.fromarray(GREY.astype(np.float32)), "TIFF", {}), (lab, "TIFF", {}),
        (colour, "TIFF", {"compression": "tiff_lzw"}), (colour, "TIFF", {"compression": "jpeg"}),
        (colour.convert("CMYK"), "TIFF", {"compression": "tiff_adobe_deflate"}),
        (grey, "GIF", {"save_all": True, "append_images": [colour]}),
        (grey.convert("1"), "TIFF", {"compression": "group4"}),
    ]  # fmt: skip
    return [_encoded(image, kind, **options) for image, kind, options in images]


SAMPLES = samples()
FILES = st.one_of(mutated(SAMPLES), mutated(SAMPLES).map(with_checksums))


def act(encoded: bytes) -> str:
    return outcome(lambda: decode(encoded, "a/b.png", way_out="repair it", channels=3), DataError)


def test_some_of_the_samples_are_loaded():
    assert {act(sample) for sample in SAMPLES} == {"loaded", "refused"}


@fuzzed(400)
@given(FILES)
def test_a_mutated_image_is_loaded_or_refused(encoded):
    act(encoded)


@pytest.mark.slow
@fuzzed(20_000)
@given(FILES)
def test_many_mutated_images_are_loaded_or_refused(encoded):
    act(encoded)
