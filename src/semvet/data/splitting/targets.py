"""Target images from elsewhere: a folder, or another data set (out of distribution).

    images of any size  --fit-->  the size and channels of the data they are to appear in

Without `fit` a target of another shape is refused: a 28x28 grey digit is no 32x32 colour image.
"""

import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from semvet.boundary import shown
from semvet.data.base import ImageSet
from semvet.data.copies.places import as_path
from semvet.data.decoding.files import Listing, decode_file, is_folder
from semvet.data.decoding.pixels import describe
from semvet.data.splitting.splits import different
from semvet.errors import DataError
from semvet.types import ImageShape, Pixels

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow has it
MOST = 16


def targets_from_folder(folder: str, *, shape: ImageShape, fit: bool) -> ImageSet:
    """The first 16 image files in sorted order, without classes.

    Raises DataError for a folder that is not there or empty, and for what `fitted` refuses.
    """
    root = as_path(folder, "targets.folder")
    if not root.is_dir():
        raise DataError(
            f"targets.folder: {shown(root)} is not a folder; name one that holds the images"
        )
    try:
        files = [path for path in Listing(root).visible(root) if not is_folder(path)]
    except OSError as error:
        raise DataError(
            f"targets.folder: {shown(root)} cannot be listed ({error.strerror}); allow reading it"
        ) from error
    if not files:
        raise DataError(
            f"targets.folder: {shown(root)} holds no files; put the target images there"
        )
    pixels = [
        fitted(torch.from_numpy(decode_file(path).copy())[None], shown(path), shape=shape, fit=fit)
        for path in files[:MOST]
    ]
    return ImageSet(torch.cat(pixels), torch.full((len(pixels),), -1))


def targets_from(
    images: ImageSet, name: str, *, label: int | None, shape: ImageShape, fit: bool
) -> ImageSet:
    """The first 16 different images (of class `label`) of another data set, `name`."""
    chosen = images if label is None else images.take(of_class(images.label, label, name))
    index = different(chosen.pixels, range(len(chosen)), MOST)
    pixels = fitted(chosen.pixels[index], f"targets.data: {name}", shape=shape, fit=fit)
    return ImageSet(pixels, chosen.label[index])


def of_class(labels: Tensor, label: int, name: str) -> Tensor:
    """Flags of the images of a class. Raises DataError if there is none, with those that are."""
    flags = labels == label
    if not flags.any():
        known = ", ".join(map(str, labels[labels >= 0].unique().tolist()))
        raise DataError(
            f"targets.label: no image of {name} has class {label}; "
            f"allowed: {shown(known) or 'none, its images have no classes; leave it out'}"
        )
    return flags


def fitted(
    pixels: UInt8[Tensor, "image c h w"], name: str, *, shape: ImageShape, fit: bool
) -> Pixels:
    """Images of `shape`: as they are, or converted and resized (bilinear, antialiased)."""
    found = ImageShape(*pixels.shape[1:])
    if found == shape:
        return pixels
    if not fit:
        raise DataError(
            f"{name}: a target is {describe(found)}, but the data's images are {describe(shape)}; "
            "take targets of that shape, or set targets.fit=true to convert and resize them"
        )
    x = pixels.float()
    if found.channels != shape.channels:
        grey = (x * torch.tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
        x = x.expand(-1, shape.channels, -1, -1) if found.channels == 1 else grey
    x = interpolate(x, (shape.height, shape.width), mode="bilinear", antialias=True)
    return x.round().clamp(0, 255).to(torch.uint8)
