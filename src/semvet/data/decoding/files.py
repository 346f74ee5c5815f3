"""Image files in folders that may hold anything: listed up to a limit, opened only if regular."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import final

from semvet.boundary import read_regular, shown
from semvet.data.decoding.pixels import MOST_BYTES, MOST_IMAGES, Channels, Raster, decode
from semvet.errors import DataError

LEFT_BEHIND = ("Thumbs.db", "desktop.ini")  # hidden where they are made, by attribute
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
DEEPEST = 64  # folders in folders
WAY_OUT = "repair it, remove it, or hide it with a leading dot"


@final
class Listing:
    """Sorted entries of `root` and of folders below it, at most 500,000 in all calls together.

    Raises DataError for more, for links that lead back, and for folders named like images.
    """

    def __init__(self, root: Path):
        self.root, self.seen = root, 0

    def visible(self, folder: Path) -> list[Path]:
        return sorted(folder / name for name in self._names(folder))

    def files_below(
        self, folder: Path, above: frozenset[tuple[int, int]] = frozenset()
    ) -> list[Path]:
        """All files, folder by folder. `above`: the folders that lead to this one."""
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        if here in above:
            raise DataError(f"{shown(folder)}: a link that leads back to a folder above; remove it")
        if len(above) == DEEPEST:
            raise DataError(f"{shown(folder)}: lies more than {DEEPEST} folders deep; move it up")
        files = []
        for entry in self.visible(folder):
            files += self.files_below(entry, above | {here}) if is_folder(entry) else [entry]
        return files

    def _names(self, folder: Path) -> Iterator[str]:
        with os.scandir(folder) as entries:
            for entry in entries:
                self.seen += 1
                if self.seen > MOST_IMAGES:
                    raise DataError(
                        f"{shown(self.root)}: holds more than {MOST_IMAGES:,} files; all images "
                        "are in memory: take fewer, or name a folder that holds nothing else"
                    )
                if not entry.name.startswith(".") and entry.name not in LEFT_BEHIND:
                    yield entry.name


def is_folder(path: Path) -> bool:
    """Raises DataError for a folder that is named like an image: one of the two is a mistake."""
    if not path.is_dir():
        return False
    if path.suffix.lower() in ENDINGS:
        raise DataError(f"{shown(path)}: a folder named like an image; rename it or remove it")
    return True


def decode_file(path: Path, *, size: int | None = None, channels: Channels | None = None) -> Raster:
    """As `decode`. Raises DataError for what is not a regular file of at most 65 MiB, too."""
    try:
        encoded = read_regular(path, limit=MOST_BYTES)
    except OSError as error:
        raise DataError(f"{shown(path)}: cannot be read ({error.strerror}); {WAY_OUT}") from error
    return decode(encoded, shown(path), size=size, channels=channels, way_out=WAY_OUT)
