"""Folders of local copies, and which data sets lie in them.

    <root>/<name>/{train,test}.parquet       names of the hub hold a slash: <root>/<owner>/<name>/

`<root>` is the argument `root` alone where it is given. Else it is the variable SEMVET_DATA, then
the user's data folder, where downloads go.
"""

import os
from pathlib import Path

import platformdirs

from semvet.errors import DataError

SAMPLES = Path(__file__).parents[1] / "samples"


def as_path(text: str, key: str) -> Path:
    """The path that a user wrote, with ~ for a home. Raises DataError: no path can be that."""
    shown = text if len(text) <= 80 else f"{text[:80]}..."
    if "\0" in text:
        raise DataError(f"{key}: {shown!r} holds a NUL, which no path does; remove it")
    try:
        path = Path(text).expanduser()
        path.exists()
    except RuntimeError:
        raise DataError(
            f"{key}: {shown}: there is no such user here; write the whole path"
        ) from None
    except OSError as error:  # too long, or in a folder that may not be looked into
        raise DataError(
            f"{key}: {shown}: cannot be used ({error.strerror}); name another folder"
        ) from None
    return path


def user_folder() -> Path:
    """The folder of downloads, for example ~/.local/share/semvet/data on Linux."""
    return platformdirs.user_data_path("semvet", appauthor=False) / "data"


def destination(root: str | None) -> Path:
    """Where a new local copy goes. SEMVET_DATA is only read: it may be shared or read-only."""
    return as_path(root, "data.root") if root else user_folder()


def searched(name: str, root: str | None) -> list[Path]:
    """The folders that may hold a local copy of `name`, in order.

    Raises DataError if data.root or SEMVET_DATA is no folder: a mistake, not a missing data set.
    """
    asked = root or os.environ.get("SEMVET_DATA")
    folders = [] if root else [user_folder()]
    if asked:
        origin = "data.root" if root else "SEMVET_DATA"
        base = as_path(asked, origin)
        if not base.is_dir():
            raise DataError(
                f"{name}: {base}, named by {origin}, is not a folder; set it to the folder that "
                f"holds {name}/train.parquet, or unset it; {available(root)}"
            )
        folders.insert(0, base)
    return folders


def local_copy(name: str, root: str | None) -> Path | None:
    """The first folder <root>/<name> that there is. Raises DataError as `searched` does."""
    folders = [folder / name for folder in searched(name, root)]
    return next((folder for folder in folders if folder.is_dir()), None)


def available(root: str | None = None) -> str:
    """What can be used here without network, for the end of an error."""
    asked = {"data.root": root, "SEMVET_DATA": os.environ.get("SEMVET_DATA")}
    homes = [as_path(text, key) for key, text in asked.items() if text] + [user_folder()]
    found: dict[str, str] = {}
    for base in homes:
        for file in sorted([*base.glob("*/train.parquet"), *base.glob("*/*/train.parquet")]):
            found.setdefault(file.parent.relative_to(base).as_posix(), f"in {base}")
    for file in sorted(SAMPLES.glob("*-train.parquet")):
        found.setdefault(
            file.name.removesuffix("-train.parquet"), "packaged sample, data.source=sample"
        )
    named = ", ".join(f"{name} ({where})" for name, where in found.items())
    folder = "any folder of images (data=image-folder data.root=FOLDER)"
    return f"available here without network: {f'{named}, ' if named else ''}{folder}"
