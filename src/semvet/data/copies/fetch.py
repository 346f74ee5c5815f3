"""From the hub to a local copy.

    find -> download -> columns image, label -> every image decoded, counts checked -> in place

The copy holds train.parquet, test.parquet (if the hub has a test split) and origin.json, which
says what it is of.
"""

import json
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from semvet.boundary import read_regular
from semvet.data.base import DataSet, Fetched, Report
from semvet.data.copies import places
from semvet.data.copies.convert import convert
from semvet.data.copies.hub import Files, Wanted, download, find
from semvet.data.copies.staging import staged
from semvet.errors import DataError

ORIGIN = "origin.json"
MOST_ORIGIN = 2**20  # bytes; it names the files of the hub
log = logging.getLogger(__name__)


def fetch(
    wanted: Wanted, folder: Path, read: Callable[[Path], DataSet], *, report: Report
) -> Fetched:
    """Makes `folder`, whole or not at all; a folder that is there is left as it is.

    Args:
        read: decodes a finished copy, and raises DataError if it is not what it should be.

    Raises FetchError (offline, unreachable, disk) or DataError (other data than expected).
    """
    if folder.is_dir():
        return already(folder)
    report(f"asking the hub for {wanted.repository}", 0, 0)
    files = find(wanted)
    with staged(folder) as part:
        if part is None:
            return already(folder)
        _fill(part, wanted, files, report)
        report("decoding every image", 0, 0)
        data = read(part)
        _sign(part, files, data.fingerprint)
    return Fetched(folder, data.fingerprint, data)


def announce(what: str, done: int, total: int) -> None:
    """The Report of a load that turns out to be a download: one line on standard error."""
    if total and not done:
        log.warning("%s: %.1f MB, kept as a local copy", what, total / 1e6)


def kept(name: str, root: str | None) -> Fetched | None:
    """The copy that a download would make again: in `root`, or anywhere if that is None."""
    destination = places.destination(root) / name
    if destination.is_dir():
        return already(destination)
    folder = places.local_copy(name, None) if root is None else None
    return already(folder) if folder else None


def already(folder: Path) -> Fetched:
    """What is said of a copy that is there. Raises DataError if it lacks its training images."""
    if not (folder / "train.parquet").is_file():
        raise DataError(
            f"{folder}: is there, but without train.parquet; remove it and fetch it again"
        )
    said = str(origin(folder).get("fingerprint", ""))
    return Fetched(folder, said if re.fullmatch("[0-9a-f]{16}", said) else "", None)


def origin(folder: Path) -> dict[str, object]:
    """origin.json of a copy; empty where it was not fetched."""
    try:
        content = json.loads(read_regular(folder / ORIGIN, limit=MOST_ORIGIN))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _fill(part: Path, wanted: Wanted, files: Files, report: Report) -> None:
    raw = part / "download"
    for split, shards in download(files, raw, report).items():
        if not shards:
            continue
        report(f"writing {split}.parquet", 0, 0)
        way_out = "fetch it again; if it stays so, the hub's copy is damaged"
        convert(
            shards, part / f"{split}.parquet",
            image=wanted.image, label=wanted.label, way_out=way_out,
        )  # fmt: skip
    shutil.rmtree(raw)


def _sign(part: Path, files: Files, fingerprint: str) -> None:
    content = {
        "repository": files.repository,
        "commit": files.commit,
        "train": files.train,
        "test": files.test,
        "fingerprint": fingerprint,
    }
    (part / ORIGIN).write_text(json.dumps(content, indent=2) + "\n")
