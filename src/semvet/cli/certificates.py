"""Certificates of a run's pictures as tables for a terminal."""

from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from semvet.cli.tables import make_table
from semvet.records import CertificateRecord
from semvet.records.certificate import SystemCertificates

Question = Literal["between_db", "truth_db"]
QUESTIONS: dict[Question, str] = {
    "between_db": "certified PSNR(S(x'), S(x)) in dB: how far can the picture be moved?",
    "truth_db": "certified PSNR(S(x'), x) in dB: what is left of the image?",
}
SHARES, ENOUGH_DB = ("best-of-mean", "median"), 20


def print_certificates(console: Console, record: CertificateRecord, path: Path) -> None:
    asked = record.asked
    console.print(record.run, style="bold", soft_wrap=True)
    console.print(
        f"sigma {asked.sigma:g}, n {asked.n:,} after n0 {asked.n0:,}, confidence "
        f"{1 - asked.alpha:g} per image and smoother; medians over {record.images} images, "
        f"of which alpha lets {record.expected_failures:.2g} fail; r in units of sigma",
        soft_wrap=True,
    )
    for name, system in record.systems.items():
        for key, question in QUESTIONS.items():
            console.print(f"\n{name} system: {question}", soft_wrap=True)
            _print_curves(console, record, system, key)
        _print_targets(console, record, system)
        for line in _lines(system):
            console.print(line, soft_wrap=True)
    if norms := record.trigger.l2:
        middle = [sorted(level)[len(level) // 2] / asked.sigma for level in norms]
        console.print(
            f"\ntrigger of {record.trigger.attack}: median L2 norm "
            f"{', '.join(f'{norm:.2f}' for norm in middle)} sigma, level by level",
            soft_wrap=True,
        )
    console.print(f"record: {path}\npicture: {path.with_suffix('.png')}", soft_wrap=True)


def _print_curves(
    console: Console, record: CertificateRecord, system: SystemCertificates, key: Question
) -> None:
    table = _over_radii(record, "smoother", "certificate")
    curves, found = system.curves, system.found
    reached = {"mean": found.mean, "median": found.median} if found else {}
    for smoother in dict.fromkeys(curve.smoother for curve in curves.values()):
        for name, curve in curves.items():
            if curve.smoother == smoother:
                certified = curve.between_db if key == "between_db" else curve.truth_db
                table.add_row(smoother, name, *map(_db, certified.median))
        if found and smoother in reached:
            best = reached[smoother]
            values = best.between_db if key == "between_db" else best.truth_db
            table.add_row(smoother, f"best attack (n = {found.n})", *map(_db, values.median))
    console.print(table)


def _db(value: float) -> str:
    """0 dB says nothing."""
    return f"{value:.1f}" if value > 0 else "-"


def _print_targets(console: Console, record: CertificateRecord, system: SystemCertificates) -> None:
    """How near the mean can come to what the attack wants to be seen."""
    found = system.found
    whose = f" (n = {found.n})" if found else ""
    table = _over_radii(record, "target", f"PSNR of the mean to it{whose}")
    for k, target in enumerate(system.targets):
        certified = found.target_certified_db[k] if found else target.psnr_db
        table.add_row(str(k + 1), "certified: at most", *map(_db, certified.median))
        if found:
            reached = found.target_psnr_db[k].median
            table.add_row(str(k + 1), "best attack", *map(_db, reached))
    if table.row_count:
        console.print(table)


def _lines(system: SystemCertificates) -> list[str]:
    lines = []
    for name in SHARES:
        if name in system.curves:
            shares = system.curves[name].share_truth_db_at_least[f"{ENOUGH_DB}"]
            words = "  ".join(f"{share:.2f}" for share in shares)
            lines.append(
                f"share of images with PSNR(S(x'), x) >= {ENOUGH_DB} dB by {name}: {words}"
            )
    if system.compared.values:
        lines.append(
            f"the attack was held against {system.compared.values} certified values and undercut "
            f"{system.compared.crossings}"
        )
    return lines


def _over_radii(record: CertificateRecord, *words: str) -> Table:
    """Columns for r in units of sigma."""
    radii = [f"{r / record.asked.sigma:.3g}" for r in record.radii]
    return make_table(*words, *radii, words=words, whole=words)
