"""Data sets as tables for a terminal."""

from collections.abc import Iterable

from rich.console import Console

from semvet.cli.tables import make_table
from semvet.records.data import CheckedData, CopyMade, DataSetNow


def print_data(console: Console, sets: Iterable[DataSetNow]) -> None:
    table = make_table("name", "now", "size", "arguments", words=["now", "arguments"])
    for one in sets:
        table.add_row(one.name, one.now, _size(one.shape), " ".join(one.arguments))
    console.print(table)
    console.print(
        "data=owner/name takes any image data set of the Hugging Face hub", soft_wrap=True
    )


def print_fetched(console: Console, name: str, made: CopyMade) -> None:
    if made.images is None:
        checked = f"   fingerprint {made.fingerprint}" if made.fingerprint else ""
        console.print(
            f"{name}: there already, {made.folder}{checked}   (`semvet data check` decodes it)",
            soft_wrap=True,
        )
        return
    train, test = made.images
    console.print(
        f"{name}: {train:,} + {test:,} images of {_size(made.shape)}, every one decoded   "
        f"fingerprint {made.fingerprint}\n{made.folder}",
        soft_wrap=True,
    )


def print_data_check(console: Console, found: CheckedData) -> None:
    console.print(f"{found.source}   fingerprint {found.fingerprint}", soft_wrap=True)
    table = make_table(
        "split", "images", "shape", "mean pixel", "images per class", words=["images per class"]
    )
    for split in found.splits:
        table.add_row(
            split.name, f"{split.images:,}", _size(split.shape), f"{split.mean_pixel:.4f}",
            " ".join(map(str, split.per_class)) or "unlabelled",
        )  # fmt: skip
    console.print(table)


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
