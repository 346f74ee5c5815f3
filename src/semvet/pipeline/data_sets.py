"""Data sets by name: which there are, what one holds, and how a copy is made."""

from pathlib import Path
from typing import Any

from semvet.catalog import TABLES, arguments, make_source, resolve
from semvet.config import make_run, nearest, override
from semvet.data import BUILDERS
from semvet.data.base import Fetched, ImageSet, Report, Source
from semvet.errors import ConfigError, DataError
from semvet.records.data import CheckedData, CopyMade, DataSetNow, SplitFigures


def data_sets() -> list[DataSetNow]:
    return [_now(name, source) for name, source in TABLES["data"].items()]


def _now(name: str, source: Any) -> DataSetNow:
    fields = arguments(source).model_fields
    needed = [key for key, field in fields.items() if field.is_required()]
    where = f"give data.{', data.'.join(needed)}"
    if not needed:
        try:
            where = _source(name, ()).now()
        except DataError as error:
            where = str(error)
    shape = tuple(getattr(source, "shape", None) or ())
    return DataSetNow(name=name, now=where, shape=shape, arguments=tuple(fields))


def check_data(name: str, overrides: tuple[str, ...]) -> CheckedData:
    loaded = _source(name, overrides).load()
    shape = tuple(loaded.shape)
    splits = (("train", loaded.train), ("test", loaded.test))
    return CheckedData(
        source=loaded.source,
        fingerprint=loaded.fingerprint,
        splits=tuple(_split(which, part, shape) for which, part in splits),
    )


def _split(name: str, part: ImageSet, shape: tuple[int, ...]) -> SplitFigures:
    return SplitFigures(
        name=name, images=len(part), shape=shape,
        mean_pixel=part.pixels.float().mean().item() / 255,
        per_class=tuple(part.label[part.label >= 0].bincount().tolist()),
    )  # fmt: skip


def fetch_data(name: str, overrides: tuple[str, ...], report: Report) -> CopyMade:
    return _copy(_source(name, overrides).fetch(report))


def build_data(name: str, folder: Path, root: Path | None, report: Report) -> CopyMade:
    if name not in BUILDERS:
        raise ConfigError(f"nothing to build named {name!r}; {nearest(name, BUILDERS)}")
    return _copy(BUILDERS[name](folder, root=str(root) if root else None, report=report))


def _copy(made: Fetched) -> CopyMade:
    where = {"folder": str(made.folder), "fingerprint": made.fingerprint}
    if made.data is None:
        return CopyMade(images=None, **where)
    images = (len(made.data.train), len(made.data.test))
    return CopyMade(images=images, shape=tuple(made.data.shape), **where)


def _source(name: str, overrides: tuple[str, ...]) -> Source:
    document = override({"data": {"name": name}}, [f"data.{text}" for text in overrides])
    return make_source(resolve(make_run(document)).data)
