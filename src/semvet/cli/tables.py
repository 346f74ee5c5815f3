"""A run's result as tables for a terminal: the verdict first, the report last.

One line a level, one line a defense; every table with `--full`.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from semvet.cli.summary import span, summary
from semvet.records import RunRecord

if TYPE_CHECKING:
    from semvet.api import Result

LABEL = 34  # characters of a defense's name that stay in one line


def print_result(console: Console, result: "Result", *, full: bool = False) -> None:
    record = result.record
    console.print(record.name, style="bold", soft_wrap=True)
    console.print(result.verdict)
    console.print(f"data: {record.provenance.data}", soft_wrap=True)
    tables = [_systems(record), _levels(record)]
    if full:
        tables += [_judgements(record), _defenses(record), _findings(result)]
    else:
        tables.append(_outcomes(result))
    for table in tables:
        if table.row_count:
            console.print(table)
    for line in summary(record):
        console.print(line, soft_wrap=True)
    if full:
        console.print(_speed(record), soft_wrap=True)
    else:
        console.print(f"every table: semvet show {record.id} --full", soft_wrap=True)
    console.print(f"report: {result.report}", soft_wrap=True)


def _speed(record: RunRecord) -> str:
    speed = record.speed
    return (
        f"training {speed.images_per_s:,.0f} images/s in {speed.precision}, "
        f"{speed.flop_utilization:.0%} of the measured convolution peak, "
        f"{speed.gemm_utilization:.0%} of the GEMM peak; run {speed.total_seconds:.0f} s, "
        f"{speed.peak_memory_mib:,.0f} MiB"
    )


def _systems(record: RunRecord) -> Table:
    attacked = record.systems.attacked
    table = make_table("", "PSNR dB", "of mean MSE", "ASR mean", "benign, any target")
    for name, system in (("clean system", record.systems.clean), ("attacked system", attacked)):
        table.add_row(
            name, f"{system.psnr_db.value:.2f}", f"{system.psnr_of_mean_mse_db:.2f}",
            f"{system.asr_mean:.3f}", f"{system.benign_any.value:.3f}",
        )  # fmt: skip
    table.caption = f"delta PSNR {record.delta_psnr_db.value:.2f} dB, n = {attacked.n}"
    return table


def _levels(record: RunRecord) -> Table:
    table = make_table(
        "level", "trigger SSIM", "L2", "ASR [95 %]", "clean system", "benign", "PSNR to target",
        whole=["ASR [95 %]"],
    )  # fmt: skip
    both = zip(record.systems.attacked.levels, record.systems.clean.levels, strict=True)
    for k, ((ours, null), seen) in enumerate(zip(both, record.attack.triggers, strict=True), 1):
        low, high = ours.asr.interval
        table.add_row(
            str(k), _places(seen.ssim, 3), _places(seen.l2, 2),
            f"{ours.asr.value:.3f} [{low:.3f}, {high:.3f}]", f"{null.asr.value:.3f}",
            f"{ours.benign.value:.3f}", f"{ours.psnr_to_target_db:.1f}",
        )  # fmt: skip
    return table


def _places(value: float | None, places: int) -> str:
    return "-" if value is None else f"{value:.{places}f}"


def _outcomes(result: "Result") -> Table:
    """One line each; long names and long outcomes wrap in a narrow terminal."""
    table = make_table("defense", "ASR left", "loss dB", "outcome", words=["outcome"])
    both = zip(result.record.defenses, result.defenses, strict=True)
    shown = [(point, outcome) for one, (point, outcome) in both if one.name != "none"]
    table.columns[0].no_wrap = max((len(point.label) for point, _ in shown), default=0) <= LABEL
    for point, outcome in shown:
        table.add_row(point.label, f"{point.worst:.3f}", f"{point.loss_db:.2f}", outcome)
    if table.row_count:
        table.caption = "ASR left: worst level. Loss: of benign images, on the attacked system."
    return table


def _judgements(record: RunRecord) -> Table:
    """How much each rule would call a success, lowest and highest over the levels."""
    table = make_table("rule", "ASR", "benign", "ASR, clean system", "benign, clean system")
    for one in record.judgements:
        found = (one.asr.attacked, one.benign.attacked, one.asr.clean, one.benign.clean)
        table.add_row(one.rule, *map(span, found))
    return table


def _defenses(record: RunRecord) -> Table:
    table = make_table(
        "defense", "ASR by level", "benign -> target", "PSNR dB", "clean system", "recovered dB",
        "uses",
    )  # fmt: skip
    before = record.undefended or record.systems
    for one in record.defenses:
        attacked, clean = one.after.attacked, one.after.clean
        table.add_row(
            _named(one.name, one.args),
            " ".join(f"{rate:.2f}" for rate in attacked.asr),
            f"{attacked.benign_any.value:.3f}",
            f"{before.attacked.psnr_db.value:.1f} -> {attacked.psnr_db.value:.1f}",
            f"{before.clean.psnr_db.value:.1f} -> {clean.psnr_db.value:.1f}",
            " ".join(f"{level.recovered_psnr_db:.1f}" for level in attacked.levels),
            f"x{one.channel_uses_factor:g}",
        )
    return table


def _findings(result: "Result") -> Table:
    """What detectors and audits see, on the attacked and on the clean system, and certificates."""
    table = make_table(
        "defense", "AUROC", "clean system", "recall at 1 % FP", "ASR of what passes",
        "median certified radius",
    )  # fmt: skip
    for one, (point, _) in zip(result.record.defenses, result.defenses, strict=True):
        left = point.worst if one.detection else None
        figures = (point.auroc, point.clean_auroc, point.recall, left, point.radius)
        cells = ["" if value is None else f"{value:.3f}" for value in figures]
        if any(cells):
            table.add_row(_named(one.name, one.args), *cells)
    return table


def _named(name: str, args: Mapping[str, Any]) -> str:
    """One line for each argument; of a combination, one line for each part."""
    parts = [f"+ {part['name']}" for part in args.get("parts", [])]
    return "\n".join([name, *(parts or [f"{key}={value}" for key, value in args.items()])])


def make_table(*columns: str, words: Collection[str] = (), whole: Collection[str] = ()) -> Table:
    """The first column and `words` are text, the others figures; it and `whole` never wrap.

    Nothing is cut off in a narrow terminal: `sigma=0.0` would be another defense.
    """
    table = Table(box=SIMPLE_HEAD, header_style="bold", caption_justify="left", pad_edge=False)
    for i, column in enumerate(columns):
        left = i == 0 or column in words
        table.add_column(
            column, justify="left" if left else "right", overflow="fold",
            no_wrap=i == 0 or column in whole,
        )  # fmt: skip
    return table
