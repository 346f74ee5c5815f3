"""The Python face: describe a run, run it, read its result.

import semvet as sv
result = sv.run(sv.Run(data="mnist", system="jscc", attack="sembugger", snr_db=25, seed=0))
result.metrics["attacked_system"]["asr"]
result.report                                 # one self-contained HTML file
"""

from pathlib import Path
from typing import Any

from semvet.catalog.schema import resolve
from semvet.config import Run, override
from semvet.config.compare import expand
from semvet.config.presets import preset
from semvet.pipeline import certify as certifying
from semvet.pipeline.certify import make_certifying
from semvet.pipeline.execute import execute
from semvet.records import Certifying
from semvet.reports import write_certified_psnr, write_report
from semvet.reports.standings.attacks import Standing, standings
from semvet.reports.standings.defenses import Matrix, matrices
from semvet.store import RunFolder, Store, default_store
from semvet.watch import Watch


def run(
    what: Run | str | dict[str, Any],
    *overrides: str,
    runs: Path | str | None = None,
    device: str = "auto",
    watch: Watch | None = None,
    checkpoint_every_s: float = 15.0,
) -> RunFolder:
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
    document = what.document() if isinstance(what, Run) else what
    document = preset(document) if isinstance(document, str) else document
    store = Store(Path(runs)) if runs is not None else default_store()
    folder = execute(
        override(document, overrides), store, device=device, watch=watch,
        checkpoint_every_s=checkpoint_every_s,
    )  # fmt: skip
    if not folder.report.exists():
        write_report(folder)
    return folder


def compare(
    what: str | dict[str, Any],
    *overrides: str,
    runs: Path | str | None = None,
    device: str = "auto",
    watch: Watch | None = None,
) -> list[RunFolder]:
    """Every run of a document with `compare`, such as the preset "compare-attacks", in order.

    Arguments and errors as of `run`; `standings` makes one table of the result.
    """
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
        was made before.

    Raises:
        SemvetError: no such run, a value that is not allowed, too few copies for this confidence.
    """
    if not isinstance(asked, Certifying):
        asked = make_certifying(asked or {})
    store = Store(Path(runs)) if runs is not None else default_store()
    path = certifying.certify(store.find(str(name)), asked, device=device, watch=watch)
    write_certified_psnr(path)
    return path


def leaderboard(runs: Path | str | None = None) -> list[Standing]:
    """Every attack in the store, best first."""
    return standings(_store(runs).runs())


def defense_matrix(runs: Path | str | None = None) -> list[Matrix]:
    """Every defense in the store against every attack that it met, one matrix per setting."""
    return matrices(_store(runs).runs())


def _store(runs: Path | str | None) -> Store:
    return Store(Path(runs)) if runs is not None else default_store()
