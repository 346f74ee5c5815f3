"""The table of attacks: `semvet leaderboard attacks` and `semvet run compare-attacks`."""

from collections.abc import Sequence

from rich.console import Console

from semvet.cli.tables import make_table
from semvet.records.standings import OverRuns, Standing


def print_standings(console: Console, rows: Sequence[Standing]) -> None:
    """One table per setting (data, system, channel, SNR), attacks from best to worst."""
    if not rows:
        console.print("no finished runs with an attack; `semvet run compare-attacks` makes some")
    for setting in dict.fromkeys(row.setting for row in rows):
        _print_one(console, setting, [row for row in rows if row.setting == setting])


def _print_one(console: Console, setting: str, rows: Sequence[Standing]) -> None:
    columns = (
        "seeds", "ASR\n[95 %]", "weak-\nest", "clean\nsystem", "be-\nnign", "delta dB\n[95 %]",
        "SSIM,\ndB",
    )  # fmt: skip
    shown = make_table("attack", *columns, whole=columns)
    shown.padding = (0, 1, 0, 0)  # it is to fit 80 columns
    for row in rows:
        goal = "" if row.has_image else f"\n({row.aim})"
        shown.add_row(
            row.label.replace(" ", "\n  ") + goal,
            str(len(row.seeds)), _over_seeds(row.asr, 3), f"{row.weakest:.3f}",
            f"{row.null_asr:.3f}", f"{row.benign:.3f}", _over_seeds(row.delta_psnr_db, 2),
            f"{_ssim(row)}\n{row.psnr_to_target_db:.1f}",
        )  # fmt: skip
    judged, clean = (
        {f"{value:,.6g}" for value in each} for each in zip(*map(_common, rows), strict=True)
    )
    shown.title, shown.title_justify = setting, "left"
    shown.caption = (
        f"n = {', '.join(sorted(judged))} images a run; PSNR of the clean system "
        f"{', '.join(sorted(clean))} dB. ASR: mean over levels and seeds; weakest: of any level "
        "and seed. Clean system, benign: the largest rate of the null controls. delta: what the "
        "attack costs benign images. SSIM: of the strongest trigger, all pixels; dB: PSNR of what "
        "triggers bring out, against what the adversary wants."
    )
    console.print(shown)


def _ssim(row: Standing) -> str:
    return "-" if row.ssim is None else f"{row.ssim:.3f}"


def _common(row: Standing) -> tuple[int, float]:
    return row.n, round(row.clean_psnr_db, 2)


def _over_seeds(value: OverRuns, digits: int) -> str:
    if value.interval is None:
        return f"{value.mean:.{digits}f}"
    low, high = value.interval
    return f"{value.mean:.{digits}f}\n[{low:.{digits}f}, {high:.{digits}f}]"
