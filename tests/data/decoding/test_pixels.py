import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from made_files import noise, png
from PIL import Image, ImageCms

from semvet.data.decoding.pixels import MOST_BYTES, decode, stack
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
    """Pillow reads 16-bit colour but does not write it."""
    return _png_by_hand(2, 1, depth=16, rows=b"\0" + bytes(range(12)))


def _png_by_hand(width: int, height: int, *, depth: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def test_colours_of_the_laboratory_are_refused():
    profiles = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
    lab = ImageCms.profileToProfile(Image.fromarray(COLOUR), *profiles, outputMode="LAB")
    for channels in (None, 1, 3):
        with pytest.raises(DataError, match=r"a/b\.png is stored as LAB; save it in grey or RGB"):
            _decode(_encode(lab, "TIFF"), channels=channels)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_colours_of_a_printer_become_red_green_and_blue(kind):
    image = Image.new("CMYK", (8, 6), (255, 0, 0, 0))  # cyan
    assert np.abs(_decode(_encode(image, kind)) - np.array([0, 255, 255])[:, None, None]).max() < 3


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_a_film_is_refused(kind):
    images = [Image.fromarray(x) for x in noise(3, 6, 8, 3)]
    film = _encode(images[0], kind, save_all=True, append_images=images[1:])
    with pytest.raises(DataError, match=r"a/b\.png holds several images; save one of them"):
        _decode(film)


@pytest.mark.parametrize("size", [(4097, 1), (1, 4097), (40_000, 40_000), (2**31 - 1, 2**31 - 1)])
def test_a_large_image_is_refused_before_it_is_decoded(size):
    with pytest.raises(DataError, match=r"a/b\.png (is \d+x\d+; images have|cannot be decoded)"):
        _decode(_png_by_hand(*size, depth=8, rows=b""))


def test_a_side_of_4096_pixels_is_not_too_large():
    assert _decode(png(np.zeros((1, 4096), np.uint8))).shape == (1, 1, 4096)


def test_an_image_without_pixels_is_refused():
    for size in ((0, 5), (5, 0)):
        with pytest.raises(DataError, match=r"a/b\.png (is \d+x\d+; images have|is not an image)"):
            _decode(_png_by_hand(*size, depth=8, rows=b""))


def test_more_bytes_than_any_image_has_are_refused():
    with pytest.raises(DataError, match=r"a/b\.png has 68,157,441 bytes; at most 68,157,440 are"):
        _decode(png(GREY) + bytes(MOST_BYTES + 1 - len(png(GREY))))


def test_a_jpeg_that_is_drawn_a_thousand_times_is_refused():
    encoded = _encode(Image.fromarray(COLOUR), "JPEG", progressive=True)
    at = encoded.rindex(b"\xff\xda")
    endless = encoded[:at] + encoded[at:-2] * 1000 + encoded[-2:]
    with pytest.raises(DataError, match=r"a/b\.png is drawn in more than 100 scans; save it anew"):
        _decode(endless)


def test_a_tiff_of_which_pillow_doubts_the_tags_is_refused(recwarn):
    encoded = bytearray(_encode(Image.fromarray(GREY), "TIFF"))
    at = encoded.index(struct.pack("<HHI", 258, 3, 1))  # bits per sample: one number
    encoded[at + 2 : at + 8] = struct.pack("<HI", 3, 2**20)
    with pytest.raises(DataError, match=r"a/b\.png cannot be decoded \(ValueError: .*larger than"):
        _decode(bytes(encoded))
    assert not recwarn


def test_doubts_about_what_a_camera_wrote_beside_an_image_are_no_doubts_about_it(recwarn):
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x010F, 2, 999, 900)
    encoded = _encode(Image.fromarray(COLOUR), "JPEG", exif=exif)
    with Image.open(BytesIO(encoded)) as image:
        image.getexif()
    assert recwarn.pop(UserWarning)
    recwarn.clear()
    assert _decode(encoded).shape == (3, 6, 8)
    assert not recwarn


def test_more_pixels_than_memory_are_refused_after_the_first_image():
    decoded = []

    def images():
        for _ in range(400_000):
            decoded.append(1)
            yield np.zeros((3, 256, 256), np.uint8)

    with pytest.raises(DataError, match=r"400,000 images of 256x256 .* 73\.2 GiB .*data\.size"):
        stack(images(), ["a/b.png"] * 400_000, way_out="")
    assert len(decoded) == 1


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
