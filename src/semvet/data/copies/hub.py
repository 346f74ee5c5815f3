"""The Hugging Face hub, read with `huggingface_hub`: parquet files only.

No code of a repository is run and nothing is unpickled: a data set that is not parquet already is
taken from the branch where the hub keeps its own conversion of every public data set.

    refs/convert/parquet   <config>/<split>/0000.parquet
    main                   [<config>/]<split>-00000-of-00001.parquet, [<config>/]<split>.parquet
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from semvet.config import nearest
from semvet.data.base import Report
from semvet.data.copies.staging import FetchError
from semvet.errors import DataError

if TYPE_CHECKING:
    from huggingface_hub.hf_api import DatasetInfo

PATIENCE_S = 10.0  # for an answer about a repository; name look-ups know no timeout of their own
CONVERTED = "refs/convert/parquet"
LAYOUT = re.compile(
    r"(?:(?P<config>[^/.][^/]*)/)?(?P<split>[^\W\d][\w.-]*?)(?:/\d+|-\d+-of-\d+(?:-\w+)?)?\.parquet"
)

T = TypeVar("T")
Layout = dict[str, dict[str, list[str]]]  # config -> split -> its files in order


@dataclass(frozen=True)
class Wanted:
    """Two splits of a repository, and the columns of image and class."""

    repository: str  # owner/name
    config: str | None = None  # None: the only one, or "default"
    revision: str | None = None  # None: the newest
    train: str = "train"
    test: str | None = None  # None: "test" if there is one
    image: str | None = None  # None: the only column that holds images
    label: str | None = "label"  # None: no classes


@dataclass(frozen=True)
class Files:
    """What the hub has of it. `commit` pins it: what is downloaded is of one version."""

    repository: str
    commit: str
    train: tuple[str, ...]
    test: tuple[str, ...]  # empty: there is no test split
    size: int  # bytes in all


def find(wanted: Wanted) -> Files:
    """The files of both splits. Raises FetchError (not reachable), DataError (no such thing)."""
    revisions = (wanted.revision,) if wanted.revision else (CONVERTED, None)
    for revision in revisions:
        info = _info(wanted, revision)
        if info is not None and (layout := _layout(info)):
            return _choose(wanted, info, layout)
    raise DataError(
        f"{wanted.repository} on the hub: has no parquet files that name a split, and code of a "
        "repository is never run; download its images and use them as data=image-folder"
    )


def download(files: Files, folder: Path, report: Report) -> dict[str, list[Path]]:
    """The files of each split, below `folder`. Raises FetchError."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import tqdm

    done = 0

    class Counter(tqdm):
        def __init__(self, *args: Any, **options: Any):
            super().__init__(*args, **{**options, "disable": True})

        def update(self, n: int | float | None = 1) -> None:
            nonlocal done
            done += int(n or 0)
            report(f"downloading {files.repository}", done, files.size)

    def get(name: str) -> Path:
        path = hf_hub_download(
            files.repository, name, repo_type="dataset", revision=files.commit,
            local_dir=folder, tqdm_class=Counter,
        )  # fmt: skip
        return Path(path)

    report(f"downloading {files.repository}", 0, files.size)
    try:
        return {
            split: [get(name) for name in names]
            for split, names in (("train", files.train), ("test", files.test))
        }
    except Exception as error:  # of the hub, of its HTTP library, of the disk
        raise FetchError(_reason(files.repository, "download broken off", error)) from error


def _info(wanted: Wanted, revision: str | None) -> "DatasetInfo | None":
    """What the hub says of the repository; None if it keeps no conversion of it."""
    from huggingface_hub import HfApi, is_offline_mode
    from huggingface_hub.errors import (
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    name = wanted.repository
    if is_offline_mode():
        raise FetchError(f"{name} on the hub: not asked (HF_HUB_OFFLINE is set)")
    try:
        return _within(
            PATIENCE_S,
            lambda: HfApi().dataset_info(
                name, revision=revision, timeout=PATIENCE_S, files_metadata=True
            ),
        )
    except RevisionNotFoundError:
        if revision == CONVERTED and revision != wanted.revision:
            return None
        raise DataError(
            f"{name} on the hub: has no revision {revision!r}; give a branch, tag or commit"
        ) from None
    except RepositoryNotFoundError:
        raise FetchError(
            f"{name} on the hub: no such data set, or a private or gated one (accept its terms "
            "on its page and set HF_TOKEN)"
        ) from None
    except HFValidationError:
        raise DataError(f"{name!r}: not a name on the hub; names are owner/name") from None
    except Exception as error:  # of the hub or of its HTTP library
        raise FetchError(_reason(name, "not reachable", error)) from error


def _within(seconds: float, ask: Callable[[], T]) -> T:
    """The answer, or TimeoutError: a thread that the end of the process does not wait for."""
    answers: Queue[tuple[T | None, Exception | None]] = Queue()

    def work() -> None:
        try:
            answers.put((ask(), None))
        except Exception as error:
            answers.put((None, error))

    Thread(target=work, daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error:
        raise error
    return answer  # type: ignore[return-value]


def _reason(name: str, what: str, error: Exception) -> str:
    """One line without addresses."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status:
        return f"{name} on the hub: {what} (it answered {status})"
    said = (str(error).splitlines() or [""])[0].split("http")[0].strip(" :") or type(error).__name__
    return f"{name} on the hub: {what} ({said})"


def _layout(info: "DatasetInfo") -> Layout:
    layout: Layout = {}
    for file in sorted(info.siblings or [], key=lambda file: file.rfilename):
        if match := LAYOUT.fullmatch(file.rfilename):
            config = match["config"] or "default"
            splits = layout.setdefault("default" if config == "data" else config, {})
            splits.setdefault(match["split"], []).append(file.rfilename)
    return layout


def _choose(wanted: Wanted, info: "DatasetInfo", layout: Layout) -> Files:
    config = wanted.config or ("default" if "default" in layout else None)
    if config is None and len(layout) == 1:
        config = next(iter(layout))
    if config is None:
        raise DataError(
            f"{wanted.repository} on the hub: has several configurations; set data.config to one "
            f"of {', '.join(layout)}"
        )
    if config not in layout:
        raise DataError(
            f"{wanted.repository} on the hub: no data.config {config!r}; {nearest(config, layout)}"
        )
    splits = layout[config]
    test = wanted.test or ("test" if "test" in splits and wanted.train != "test" else None)
    for key, split in (("train", wanted.train), ("test", test)):
        if split is not None and split not in splits:
            raise DataError(
                f"{wanted.repository} on the hub: no split {split!r} (data.{key}); "
                f"{nearest(split, splits)}"
            )
    if test == wanted.train:
        raise DataError(
            f"{wanted.repository}: data.train and data.test are both {test!r}; leave data.test out "
            "to test on data.test_share of the training images"
        )
    parts = tuple(splits[wanted.train]), tuple(splits[test] if test else ())
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or []}
    size = sum(sizes[name] for part in parts for name in part)
    return Files(wanted.repository, info.sha or "main", *parts, size)
