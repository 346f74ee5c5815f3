"""imagenet5 from a user's own copy of ImageNet.

    <folder>/[train/]<synset>/*.JPEG           ILSVRC 2012: the shorter side becomes 64 pixels, the
                                               middle is cut out, stored as PNG
    <folder>/[train/]<synset>/images/*.JPEG    Tiny ImageNet: 64x64 already, bytes kept as they are

The images of a synset are taken by the number in their name: the first 200 are training images,
the next 50 test images. Image i of every synset comes before image i + 1 of any; among synsets the
superclasses take turns. So every stretch of a split holds every class equally often.

Deviates: whoever drew the 250 images of a synset at random has others, and another fingerprint
(D-020).
"""

import re
from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path

from PIL import Image, ImageOps

from semvet.boundary import read_regular, shown
from semvet.data.base import Fetched, Report, silent
from semvet.data.copies import places
from semvet.data.copies.convert import Row, write
from semvet.data.copies.fetch import already
from semvet.data.copies.staging import staged
from semvet.data.decoding.pixels import MOST_BYTES, decode
from semvet.data.imagenet.synsets import SYNSETS
from semvet.data.imagenet5 import ImageNet5
from semvet.errors import DataError

SIZE, TRAIN, TEST = 64, 200, 50  # pixels a side; images a synset
ENDINGS = (".jpeg", ".jpg", ".png")

Synsets = list[tuple[int, str, list[Path]]]  # label, synset, its first TRAIN + TEST files


def build_imagenet5(
    folder: str | Path, *, root: str | None = None, report: Report = silent
) -> Fetched:
    """Writes <root>/imagenet5/{train,test}.parquet; a copy that is there is left as it is.

    Args:
        folder: the user's ImageNet or Tiny ImageNet.
        root: the folder of local copies; None: the user's data folder.

    Raises DataError that names the synset or file that is missing, short or damaged.
    """
    target = places.destination(root) / ImageNet5.name
    if target.is_dir():
        return already(target)
    synsets = _synsets(places.as_path(str(folder), "--from"))
    with staged(target) as part:
        if part is None:
            return already(target)
        for split, first, last in (("train", 0, TRAIN), ("test", TRAIN, TRAIN + TEST)):
            _write(part / f"{split}.parquet", synsets, first, last, report)
        report("decoding every image", 0, 0)
        data = ImageNet5().read(part, f"built from {folder}")
    return Fetched(target, data.fingerprint, data)


def _synsets(folder: Path) -> Synsets:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; --from names your ImageNet or Tiny ImageNet")
    base = folder / "train" if (folder / "train").is_dir() else folder
    found: Synsets = []
    short = []
    for turn in zip(*SYNSETS.values(), strict=True):  # one synset of each superclass
        for label, synset in enumerate(turn):
            files = _files(base / synset)
            if len(files) < TRAIN + TEST:
                name = SYNSETS[list(SYNSETS)[label]][synset]
                short.append(f"{synset} ({name}, {len(files)} images)")
            found.append((label, synset, files[: TRAIN + TEST]))
    if short:
        more = f" and {len(short) - 5} more" if len(short) > 5 else ""
        raise DataError(
            f"{base}: {len(short)} of {len(found)} synsets are missing or have fewer than "
            f"{TRAIN + TEST} images: {', '.join(short[:5])}{more}; needed are folders "
            "train/<synset>/*.JPEG (ILSVRC 2012) or train/<synset>/images/*.JPEG (Tiny ImageNet)"
        )
    return found


def _files(folder: Path) -> list[Path]:
    inner = folder / "images" if (folder / "images").is_dir() else folder
    if not inner.is_dir():
        return []
    files = [p for p in inner.iterdir() if p.suffix.lower() in ENDINGS and p.name[0] != "."]
    return sorted(files, key=_number)


def _number(path: Path) -> tuple[int, str]:
    """n01443537_12.JPEG is image 12: after image 9, before image 100."""
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else 0, path.name


def _write(path: Path, synsets: Synsets, first: int, last: int, report: Report) -> None:
    files = list(chain.from_iterable(_turn(synsets, i) for i in range(first, last)))

    def rows() -> Iterator[Row]:
        for i, (label, file) in enumerate(files):
            if i % 100 == 0:
                report(f"reading images for {path.name}", i, len(files))
            yield Row(_shrunk(file), file.name, label)

    write(path, rows(), classes=list(SYNSETS))


def _turn(synsets: Synsets, i: int) -> Iterator[tuple[int, Path]]:
    return ((label, files[i]) for label, _, files in synsets)


def _shrunk(file: Path) -> bytes:
    """The image as it is if it is 64x64 already, else its shrunk middle as PNG."""
    way_out = "replace it by an intact copy, or remove it: the next image takes its place"
    try:
        encoded = read_regular(file, limit=MOST_BYTES)
    except OSError as error:
        raise DataError(f"{shown(file)}: cannot be read ({error.strerror}); {way_out}") from error
    pixels = decode(encoded, shown(file), channels=3, way_out=way_out)
    if pixels.shape[1:] == (SIZE, SIZE):
        return encoded
    image = Image.fromarray(pixels.transpose(1, 2, 0))
    content = BytesIO()
    ImageOps.fit(image, (SIZE, SIZE), Image.Resampling.BICUBIC).save(content, "PNG")
    return content.getvalue()
