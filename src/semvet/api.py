"""The Python face: describe a run, run it, read its result.

import semvet as sv
result = sv.run(sv.Run(data="mnist", system="jscc", attack="sembugger", snr_db=25, seed=0))
result.record.systems.attacked.asr
result.frame()                                # a tidy table
result.report                                 # one self-contained HTML file

Reading needs no torch; it is imported where work is done.
"""

import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from semvet.config import Run, override
from semvet.config.compare import expand
from semvet.config.families import PRESETS, kind_of
from semvet.config.presets import preset, preset_file, preset_names
from semvet.errors import StoreError
from semvet.records import CertificateRecord, Certifying, RunRecord
from semvet.records.data import CheckedData, CopyMade, DataSetNow
from semvet.records.listing import PlugInRecord, PresetRecord
from semvet.records.standings import DefenseMatrix, Standing
from semvet.reports import frame as table
from semvet.reports.certificates import read_certificate
from semvet.reports.reading import read_run
from semvet.reports.result import Result
from semvet.reports.standings.attacks import standings
from semvet.reports.standings.defenses import matrices
from semvet.store import Store, default_store, write_bytes
from semvet.watch import Watch

if TYPE_CHECKING:
    import pandas
    import pyarrow

Tell = Callable[[str], None]  # is told in a sentence
Report = Callable[[str, int, int], None]  # what is done, how much of it, of how much (0: unknown)


def nobody(sentence: str) -> None:
    """Listens, and does nothing."""


def unreported(what: str, done: int, total: int) -> None:
    """The Report that nobody sees."""


def run(
    what: Run | str | dict[str, Any],
    *overrides: str,
    runs: Path | str | None = None,
    device: str = "auto",
    watch: Watch | None = None,
    checkpoint_every_s: float = 15.0,
) -> Result:
    """Trains, attacks, evaluates, defends, stores and reports; returns at once if it was done.

    Args:
        what: a Run, the name of a preset such as "quickstart", or a document as in a YAML file.
        overrides: `key=value` as on the command line, for names and documents.
        runs: folder of results; default `./runs` or SEMVET_RUNS.
        device: auto, cpu or cuda.
        watch: is told about stages and training steps.
        checkpoint_every_s: a killed run loses at most this much training.

    Raises:
        SemvetError: whatever is wrong with the run, its data or its files, and the way out.
    """
    from semvet.pipeline.execute import execute
    from semvet.reports.report import write_report

    document = what.document() if isinstance(what, Run) else what
    document = preset(document) if isinstance(document, str) else document
    folder = execute(
        override(document, overrides), _store(runs), device=device, watch=watch,
        checkpoint_every_s=checkpoint_every_s,
    )  # fmt: skip
    if not folder.report.exists():
        write_report(folder)
    return Result(folder)


def compare(
    what: str | dict[str, Any],
    *overrides: str,
    runs: Path | str | None = None,
    device: str = "auto",
    watch: Watch | None = None,
) -> list[Result]:
    """Every run of a document with `compare`, such as the preset "compare-attacks", in order.

    Arguments and errors as of `run`; `standings` makes one table of the result.
    """
    from semvet.catalog import resolve

    documents = expand(preset(what) if isinstance(what, str) else what, overrides)
    for document in documents:
        resolve(document)  # all of them, before the first one starts
    return [run(document, runs=runs, device=device, watch=watch) for document in documents]


def certify(
    name: str | Path,
    asked: Certifying | dict[str, Any] | None = None,
    *,
    runs: Path | str | None = None,
    device: str = "auto",
    watch: Watch | None = None,
) -> Path:
    """Certifies the smoothed pictures of a finished run, attacks them, stores and draws both.

    Args:
        name: folder, name or id of the run, or "latest".
        asked: such as `Certifying(sigma=0.25, images=20)`; the defaults where None.
        runs, device, watch: as of `run`.

    Returns:
        certificates-<id>.json in the run's folder, the picture beside it as .png; at once if it
        was made before. `load_certificate` reads it.

    Raises:
        SemvetError: no such run, a value that is not allowed, too few copies for this confidence.
    """
    from semvet.pipeline import certify as certifying
    from semvet.pipeline.certify import make_certifying
    from semvet.reports.pictures.certified_psnr import write_certified_psnr

    if not isinstance(asked, Certifying):
        asked = make_certifying(asked or {})
    path = certifying.certify(_store(runs).find(str(name)), asked, device=device, watch=watch)
    write_certified_psnr(path)
    return path


Described = PlugInRecord | PresetRecord


@overload
def describe(family: str) -> tuple[Described, ...]: ...
@overload
def describe(family: str, name: str) -> Described: ...


def describe(family: str, name: str | None = None) -> tuple[Described, ...] | Described:
    """What there is: arguments with their ranges and defaults, and a line on each.

    Args:
        family: attacks, defenses, systems, channels, datasets or presets.
        name: one of them, such as "bass"; None: all.

    Raises:
        ConfigError: a family or a name that there is not, with the nearest ones.
    """
    if family == PRESETS:
        return tuple(map(_preset, preset_names())) if name is None else _preset(name)
    kind_of(family)  # known or refused before anybody waits for torch
    from semvet.catalog import described, described_one

    return described(family) if name is None else described_one(family, name)


def _preset(name: str) -> PresetRecord:
    file = preset_file(name)
    return PresetRecord(what=file.comment.splitlines()[0], **file._asdict())


def load(name: str | Path, *, runs: Path | str | None = None) -> Result:
    """A finished run of the store, by folder, name or id, or "latest".

    Raises StoreError: no such run, not finished, changed, or of another layout.
    """
    result = Result(_store(runs).find(str(name)))
    _ = result.record  # now, not when somebody looks at it
    return result


def load_certificate(path: Path | str) -> CertificateRecord:
    """What `certify` left. Raises StoreError as `load` does."""
    return read_certificate(Path(path))


def check_weights(result: Result) -> None:
    """Raises WeightsError unless they are safetensors and have the recorded hash."""
    result.folder.weights()


def frame(
    runs: Iterable[Result | RunRecord | str | Path],
) -> "pandas.DataFrame | pyarrow.Table":
    """A tidy table: one row per run, level and defense; a pandas.DataFrame, or a pyarrow.Table
    where pandas is not installed."""
    return table.frame([_record(one) for one in runs])


def _record(one: Result | RunRecord | str | Path) -> RunRecord:
    if isinstance(one, RunRecord):
        return one
    return one.record if isinstance(one, Result) else load(one).record


def leaderboard(runs: Path | str | None = None, *, skipped: Tell = nobody) -> list[Standing]:
    """Every attack in the store, best first. `skipped` is told which folders could not be read."""
    return standings(finished(runs, skipped=skipped))


def standings_of(results: Iterable[Result]) -> list[Standing]:
    """The same of these runs."""
    return standings([one.record for one in results])


def defense_matrix(
    runs: Path | str | None = None, *, skipped: Tell = nobody
) -> list[DefenseMatrix]:
    """Every defense in the store against every attack that it met, one matrix per setting."""
    return matrices(finished(runs, skipped=skipped))


def finished(runs: Path | str | None = None, *, skipped: Tell = nobody) -> list[RunRecord]:
    """The records of all finished runs of a store. A folder that cannot be read stops nothing."""
    records = []
    listing = _store(runs).runs()
    for one in listing.skipped:
        skipped(one.why)
    for folder in listing.finished:
        try:
            records.append(read_run(folder))
        except StoreError as error:
            skipped(str(error))
    return records


def data_sets() -> list[DataSetNow]:
    """Every data set, and where it would come from now."""
    from semvet.pipeline import data_sets as sets

    return sets.data_sets()


def check_data(name: str, *overrides: str) -> CheckedData:
    """Loads a data set whole. `overrides`: its arguments, such as "root=FOLDER"."""
    from semvet.pipeline import data_sets as sets

    return sets.check_data(name, overrides)


def fetch_data(name: str, *overrides: str, report: Report = unreported) -> CopyMade:
    """Downloads a data set from the hub, checks every image, keeps it as a local copy."""
    from semvet.pipeline import data_sets as sets

    return sets.fetch_data(name, overrides, report)


def build_data(
    name: str, folder: Path, *, root: Path | None = None, report: Report = unreported
) -> CopyMade:
    """Makes a data set that may not be handed on from your own copy of its images."""
    from semvet.pipeline import data_sets as sets

    return sets.build_data(name, folder, root, report)


def keep_traceback(error: BaseException) -> Path | None:
    """Where it was written, beside the runs; None: nowhere, the store cannot be written."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    path = default_store().root / "errors" / f"{now}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, "".join(traceback.format_exception(error)).encode(errors="replace"))
    except (StoreError, OSError):
        return None
    return path


def _store(runs: Path | str | None) -> Store:
    return Store(Path(runs)) if runs is not None else default_store()
