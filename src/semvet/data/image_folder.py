"""Any folder of images: one subfolder a class, or no classes at all.

    <root>/{train,test}/<class>/**   the split is given; anything else in <root> is not read
    <root>/<class>/**                every round(1/test_share)-th file of a class is a test image

The order is fixed and mixes the classes evenly, so that any stretch of it holds all of them: the
last 10 % of the training images serve as held-out images.
"""

from pathlib import Path
from typing import Annotated, final

import torch
from annotated_types import Ge, Le

from semvet.boundary import shown
from semvet.data.base import DataSet, ImageSet, Source
from semvet.data.copies.places import as_path
from semvet.data.decoding.files import Listing, decode_file, is_folder
from semvet.data.decoding.pixels import MOST_CLASSES, Channels, stack
from semvet.errors import DataError
from semvet.types import Pixels, Share

Groups = dict[str, list[Path]]  # sorted files of each class; without classes all under ""


@final
class ImageFolder(Source):
    """Args:
    root: the folder.
    size: resize every image to size x size; None: all must have one size.
    channels: convert to 1 (grey) or 3 (colour, alpha on white); None: all must have the same.
    labelled: subfolders are classes, numbered in sorted order; False: any layout, no labels.
    test_share: part of the images that is tested on if there are no train/ and test/.
    """

    def __init__(
        self,
        *,
        root: str,
        size: Annotated[int, Ge(4), Le(4096)] | None = None,
        channels: Channels | None = None,
        labelled: bool = True,
        test_share: Share = 0.1,
    ):
        self.root, self.size, self.channels = root, size, channels
        self.labelled, self.test_share = labelled, test_share

    def load(self) -> DataSet:
        root = as_path(self.root, "data.root")
        if not root.is_dir():
            raise DataError(f"{shown(root)}: no such folder; set data.root to a folder of images")
        try:
            train, test = self._splits(root)
        except OSError as error:
            raise DataError(
                f"{shown(error.filename or root)}: cannot be listed ({error.strerror}); allow "
                "reading it"
            ) from error
        number = {name: i if name else -1 for i, name in enumerate(sorted(train))}
        files = [*_mixed(train), *_mixed(test)]
        pixels = self._pixels([path for _, path in files])
        label = torch.tensor([number[name] for name, _ in files])
        border = sum(map(len, train.values()))
        return DataSet(
            ImageSet(pixels[:border], label[:border]),
            ImageSet(pixels[border:], label[border:]),
            f"image folder {shown(root)} ({border:,} + {len(files) - border:,} images)",
        )

    def _splits(self, root: Path) -> tuple[Groups, Groups]:
        folders = [name for name in ("train", "test") if (root / name).is_dir()]
        if len(folders) == 1:
            raise DataError(
                f"{shown(root)}: has {folders[0]}/ but not both of train/ and test/; add the "
                "other one, or rename it if it is a class"
            )
        if folders:
            train, test = self._groups(root / "train"), self._groups(root / "test")
            if self.labelled and (unknown := sorted(test.keys() - train.keys())):
                raise DataError(
                    f"{shown(root / 'test' / unknown[0])}: a class that train/ does not have; "
                    "give both the same subfolders, or set data.labelled=false"
                )
            return train, test
        return self._split(root, self._groups(root))

    def _split(self, root: Path, groups: Groups) -> tuple[Groups, Groups]:
        train: Groups = {}
        test: Groups = {}
        period = round(1 / self.test_share)
        for name, files in groups.items():
            train[name] = [path for i, path in enumerate(files, 1) if i % period]
            test[name] = files[period - 1 :: period]
        for what, part in (("training", train), ("test", test)):
            if not any(part.values()):
                raise DataError(
                    f"{shown(root)}: data.test_share={self.test_share:g} leaves no {what} image; "
                    "change it, or make train/ and test/"
                )
        return train, test

    def _groups(self, folder: Path) -> Groups:
        listing = Listing(folder)
        groups = _by_class(listing) if self.labelled else {"": listing.files_below(folder)}
        if not any(groups.values()):
            raise DataError(
                f"{shown(folder)}: holds no images; put some there, or change data.root"
            )
        return groups

    def _pixels(self, files: list[Path]) -> Pixels:
        names = [shown(path) for path in files]
        way_out = "data.size and data.channels (1 or 3) make all images alike"
        rasters = (decode_file(path, size=self.size, channels=self.channels) for path in files)
        return stack(rasters, names, way_out=way_out)


def _by_class(listing: Listing) -> Groups:
    folder = listing.root
    entries = listing.visible(folder)
    loose = [entry for entry in entries if not is_folder(entry)]
    if loose and len(loose) == len(entries):
        raise DataError(
            f"{shown(folder)}: has no class subfolders, its files lie directly in it "
            f"({shown(loose[0].name)}, {len(loose):,} in all); make one subfolder a class, or set "
            "data.labelled=false"
        )
    if loose:
        raise DataError(
            f"{shown(loose[0])}: lies beside the class folders; move it into one of them, remove "
            "it, or hide it with a leading dot"
        )
    if len(entries) > MOST_CLASSES:
        raise DataError(
            f"{shown(folder)}: has {len(entries):,} class folders, at most {MOST_CLASSES:,} are "
            "read; set data.labelled=false"
        )
    groups = {entry.name: listing.files_below(entry) for entry in entries}
    for name, files in groups.items():
        if not files:
            raise DataError(
                f"{shown(folder / name)}: a class without images; add some or remove it"
            )
    return groups


def _mixed(groups: Groups) -> list[tuple[str, Path]]:
    """Every class (without classes: every folder) spread evenly over the whole length."""
    parts: dict[str, list[tuple[str, Path]]] = {}
    for name, files in groups.items():
        for path in files:
            parts.setdefault(name or str(path.parent), []).append((name, path))
    ranked = [
        ((i + 0.5) / len(part), name, path)
        for part in parts.values()
        for i, (name, path) in enumerate(part)
    ]
    return [(name, path) for _, name, path in sorted(ranked)]
