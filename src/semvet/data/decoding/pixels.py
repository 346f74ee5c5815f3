"""Encoded images to uint8 pixels in memory.

    bytes -> checksums -> upright -> 1 or 3 channels -> (size x size) -> (chan, height, width)

Damaged or ambiguous images are refused by name, never repaired, guessed or skipped.
"""

import re
from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import chain
from typing import Literal

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from semvet.errors import DataError
from semvet.types import Pixels

# a closed list: Pillow knows formats that start other programs
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
DEEP = re.compile(r"^[IF]|(RGB|A|X|I|L);16")  # modes and raw modes of more than 8 bits

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
    image, depth = _open(encoded, name, way_out)
    if DEEP.search(depth):
        raise DataError(f"{name} has more than 8 bits a channel; save it with 8 bits")
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


def _open(encoded: bytes, name: str, way_out: str) -> tuple[Image.Image, str]:
    """The loaded image as its camera meant it, and how its pixels were stored."""
    try:
        Image.open(BytesIO(encoded), formats=FORMATS).verify()  # checksums, which loading skips
        image = Image.open(BytesIO(encoded), formats=FORMATS)
        depth = " ".join([image.mode, *(str(tile[3]) for tile in image.tile)])
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return image, depth
    except UnidentifiedImageError:
        raise DataError(
            f"{name} is not an image, or damaged ({', '.join(FORMATS)} are read); {way_out}"
        ) from None
    except Exception as error:  # damaged bytes make Pillow raise almost any type
        raise DataError(
            f"{name} cannot be decoded ({type(error).__name__}: {error}); {way_out}"
        ) from error


def stack(images: Iterable[Raster], names: Sequence[str], *, way_out: str) -> Pixels:
    """All images of a set, which must have one shape; `names` (not empty) has one per image."""
    remaining = iter(images)
    first = next(remaining)
    pixels = np.empty((len(names), *first.shape), np.uint8)
    for i, image in enumerate(chain([first], remaining)):
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
