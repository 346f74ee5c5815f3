import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from made_files import noise, png
from PIL import Image

from semvet.data.decoding.pixels import decode
from semvet.errors import DataError

GREY, COLOUR = noise(1, 6, 8)[0], noise(1, 6, 8, 3)[0]


def _decode(encoded, **options):
    return decode(encoded, "a/b.png", way_out="repair it", **options)


def _encode(image, kind="PNG", **options):
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_grey_converts_to_three_equal_channels():
    assert np.array_equal(_decode(png(GREY), channels=3), np.stack([GREY] * 3))


def test_colour_converts_to_its_luma():
    grey = _decode(png(COLOUR), channels=1)
    luma = COLOUR @ np.array([0.299, 0.587, 0.114])
    assert grey.shape == (1, 6, 8)
    assert np.abs(grey[0] - luma).max() <= 1


def test_black_and_white_images_are_grey():
    image = Image.fromarray(GREY > 127)
    assert np.array_equal(_decode(_encode(image))[0], np.where(GREY > 127, 255, 0))


def test_palette_images_are_colour():
    image = Image.fromarray(COLOUR).quantize(8)
    expected = np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    assert np.array_equal(_decode(_encode(image)), expected)


def test_resizing_averages_instead_of_skipping_pixels():
    stripes = np.tile(np.array([0, 255], np.uint8), (32, 16))
    small = _decode(png(stripes), size=8)
    assert small.shape == (1, 8, 8)
    assert np.abs(small[0, 1:-1, 1:-1].astype(float) - 127.5).max() < 10


def test_a_photograph_is_turned_as_its_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    upright = _decode(_encode(Image.fromarray(GREY), exif=exif))
    assert np.array_equal(upright[0], np.rot90(GREY, -1))


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(noise(1, 6, 8, 4)[0], "RGBA"),
        Image.fromarray(noise(1, 6, 8, 2)[0], "LA"),
    ],
    ids=["RGBA", "LA"],
)
def test_an_alpha_channel_is_refused_with_the_way_out(image):
    with pytest.raises(DataError, match=r"a/b\.png has an alpha channel.*channels=3"):
        _decode(_encode(image))


def test_a_transparent_colour_is_refused_like_an_alpha_channel():
    with pytest.raises(DataError, match=r"a/b\.png has an alpha channel"):
        _decode(_encode(Image.fromarray(COLOUR), transparency=(1, 2, 3)))


@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_parts_are_put_on_white_on_request(channels):
    clear = np.zeros((6, 8, 4), np.uint8)
    clear[:3, :, 3] = 255  # upper half opaque black, lower half transparent black
    pixels = _decode(png(clear), channels=channels)
    assert pixels.shape[0] == channels
    assert (pixels[:, :3] == 0).all()
    assert (pixels[:, 3:] == 255).all()


@pytest.mark.parametrize("channels", [None, 1, 3])
def test_sixteen_bit_grey_is_refused(channels):
    deep = Image.fromarray(GREY.astype(np.uint16) * 257)
    with pytest.raises(DataError, match=r"a/b\.png has more than 8 bits"):
        _decode(_encode(deep), channels=channels)


def test_sixteen_bit_colour_is_refused():
    with pytest.raises(DataError, match=r"a/b\.png has more than 8 bits"):
        _decode(_png_of_16_bit_colour())


def _png_of_16_bit_colour() -> bytes:
    """2x1 pixels, by hand: Pillow reads 16-bit colour but does not write it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    row = b"\0" + bytes(range(12))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(row))
        + chunk(b"IEND", b"")
    )


def test_floating_point_images_are_refused():
    with pytest.raises(DataError, match=r"a/b\.png has more than 8 bits"):
        _decode(_encode(Image.fromarray(GREY.astype(np.float32)), "TIFF"))


def test_formats_that_start_other_programs_are_not_read():
    with pytest.raises(DataError, match=r"a/b\.png is not an image.*repair it"):
        _decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
def test_a_file_cut_anywhere_is_refused_or_still_whole(kind):
    image = Image.fromarray(noise(1, 16, 16, 3)[0])
    encoded = _encode(image, kind)
    whole = _decode(encoded)
    for kept in range(0, len(encoded), max(1, len(encoded) // 40)):
        try:
            pixels = _decode(encoded[:kept])
        except DataError as error:
            assert str(error).startswith("a/b.png")  # noqa: PT017 - either outcome is fine
        else:
            assert np.array_equal(pixels, whole), f"silently wrong after {kept} bytes"
