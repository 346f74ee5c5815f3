"""Encoded images to uint8 pixels in memory.

    bytes -> format, size, mode -> checksums -> upright -> 1 or 3 channels -> (size x size)
          -> (chan, height, width)

Damaged or ambiguous images are refused by name, never repaired, guessed or skipped. Whatever can be
refused is refused before pixels are decoded, so a small file cannot ask for much memory.
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import chain
from typing import Literal

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from semvet.boundary import shown
from semvet.errors import DataError
from semvet.types import Pixels

# a closed list: Pillow knows formats that start other programs
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
MODES = ("1", "L", "P", "RGB", "CMYK", "YCbCr", "LA", "PA", "RGBA", "RGBa", "RGBX")
DEEP = re.compile(r"^[IF]|(RGB|A|X|I|L);16")  # modes and raw modes of more than 8 bits
SIDE = 4096  # pixels, at most
MOST_BYTES = 4 * SIDE**2 + 2**20  # the largest image with four channels, not compressed
MOST_SCANS = 100  # of a JPEG, each of which passes over all pixels; encoders write up to ten or so
MOST_IMAGES = 500_000  # of one data set; all of it is in memory
MOST_PIXELS = 16 * 2**30  # bytes of all pixels of one split
MOST_CLASSES = 65_536

Channels = Literal[1, 3]
Raster = UInt8[np.ndarray, "chan height width"]


def decode(
    encoded: bytes,
    name: str,
    *,
    size: int | None = None,
    channels: Channels | None = None,
    way_out: str,
) -> Raster:
    """One image, with 1 channel if grey, 3 if in colour; DataError if partly transparent.

    Args:
        channels: convert to 1 or 3; transparent parts are put on white.
        size: resize to size x size (bicubic, antialiased).
        way_out: what to do about a damaged image.
    """
    image = _open(encoded, name, way_out)
    if image.has_transparency_data:
        if channels is None:
            raise DataError(
                f"{name} has an alpha channel; save it without, or load it with data.channels=3 "
                "(or 1), which puts it on white"
            )
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    grey = channels == 1 or (channels is None and image.mode in ("1", "L"))
    if image.mode != (mode := "L" if grey else "RGB"):
        image = image.convert(mode)
    if size is not None:
        image = image.resize((size, size), Image.Resampling.BICUBIC)
    pixels = np.asarray(image)
    return pixels.reshape(*pixels.shape[:2], -1).transpose(2, 0, 1)


def _open(encoded: bytes, name: str, way_out: str) -> Image.Image:
    """The loaded image as its camera meant it."""
    try:
        with warnings.catch_warnings(record=True) as doubts:
            warnings.simplefilter("always")
            image = _loaded(encoded, name)
            # of a TIFF they doubt the image; of others, what the camera wrote beside it
            if doubts and image.format == "TIFF":
                raise ValueError(doubts[0].message)
            return image
    except DataError:
        raise
    except UnidentifiedImageError:
        raise DataError(
            f"{name} is not an image, or damaged ({', '.join(FORMATS)} are read); {way_out}"
        ) from None
    except Exception as error:  # damaged bytes make Pillow raise almost any type
        raise DataError(
            f"{name} cannot be decoded ({type(error).__name__}: {shown(error)}); {way_out}"
        ) from error


def _loaded(encoded: bytes, name: str) -> Image.Image:
    if len(encoded) > MOST_BYTES:
        raise DataError(f"{name} has {len(encoded):,} bytes; at most {MOST_BYTES:,} are decoded")
    image = Image.open(BytesIO(encoded), formats=FORMATS)
    _require_plain(image, encoded, name)
    image.verify()  # checksums, which loading skips
    image = Image.open(BytesIO(encoded), formats=FORMATS)
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _require_plain(image: Image.Image, encoded: bytes, name: str) -> None:
    """What is wrong with an image of which only the head was read."""
    width, height = image.size
    if not (0 < width <= SIDE and 0 < height <= SIDE):
        raise DataError(f"{name} is {width}x{height}; images have 1 to {SIDE} pixels a side")
    tiles = getattr(image, "tile", [])
    stored = " ".join([image.mode, *(str(tile[3]) for tile in tiles)])
    if DEEP.search(stored):
        raise DataError(f"{name} has more than 8 bits a channel; save it with 8 bits")
    if image.mode not in MODES:
        raise DataError(f"{name} is stored as {image.mode}; save it in grey or RGB")
    # several pictures in a camera's JPEG are one photograph and what belongs to it
    if image.format != "MPO" and getattr(image, "is_animated", False):
        raise DataError(f"{name} holds several images; save one of them, or each by itself")
    if image.format in ("JPEG", "MPO") and encoded.count(b"\xff\xda") > MOST_SCANS:
        raise DataError(f"{name} is drawn in more than {MOST_SCANS} scans; save it anew")


def stack(images: Iterable[Raster], names: Sequence[str], *, way_out: str) -> Pixels:
    """All images of a set, which must have one shape; `names` (not empty) has one per image."""
    remaining = iter(images)
    first = next(remaining)
    if (total := len(names) * first.size) > MOST_PIXELS:
        raise DataError(
            f"{names[0]}: {len(names):,} images of {describe(first.shape)} take "
            f"{total / 2**30:.1f} GiB of memory; at most {MOST_PIXELS / 2**30:.0f} are taken: make "
            "them smaller (data.size), or fewer"
        )
    try:
        pixels = np.empty((len(names), *first.shape), np.uint8)
    except MemoryError:
        raise DataError(
            f"{names[0]}: {len(names):,} images of {describe(first.shape)} do not fit into "
            "memory; make them smaller (data.size), or fewer"
        ) from None
    for i, image in zip(range(len(names)), chain([first], remaining), strict=True):
        if image.shape != first.shape:
            raise DataError(
                f"{names[i]} is {describe(image.shape)}, but {names[0]} is "
                f"{describe(first.shape)}; {way_out}"
            )
        pixels[i] = image
    return torch.from_numpy(pixels)


def describe(shape: Sequence[int]) -> str:
    chan, height, width = shape
    return f"{width}x{height} with {chan} channel{'s' if chan != 1 else ''}"
