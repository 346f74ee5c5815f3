"""The table of attacks: `semvet leaderboard attacks` and `semvet run compare-attacks`."""

import json
from dataclasses import asdict

from rich.console import Console

from semvet.cli.tables import make_table
from semvet.intervals import OverSeeds
from semvet.reports.goals import GOALS
from semvet.reports.record import labels
from semvet.reports.standings.attacks import Standing


def as_json(rows: list[Standing]) -> str:
    plain = [asdict(row) for row in rows]
    for row in plain:
        for key in ("asr", "delta_psnr_db"):
            row[key] = row[key]._asdict()
    return json.dumps(plain, indent=2)


def print_standings(console: Console, rows: list[Standing]) -> None:
    """One table per setting (data, system, channel, SNR), attacks from best to worst."""
    if not rows:
        console.print("no finished runs with an attack; `semvet run compare-attacks` makes some")
    for setting in dict.fromkeys(row.setting for row in rows):
        _print_one(console, setting, [row for row in rows if row.setting == setting])


def _print_one(console: Console, setting: str, rows: list[Standing]) -> None:
    columns = (
        "seeds", "ASR\n[95 %]", "weak-\nest", "clean\nsystem", "be-\nnign", "delta dB\n[95 %]",
        "SSIM",
    )  # fmt: skip
    shown = make_table("attack", *columns, whole=columns)
    shown.padding = (0, 1, 0, 0)  # it is to fit 80 columns
    names = labels([{"name": row.attack["name"], "args": _args(row)} for row in rows])
    for row, name in zip(rows, names, strict=True):
        goal = "" if row.goal == "TARGET" else f"\n({GOALS[row.goal].aim})"
        shown.add_row(
            name.replace(" ", "\n  ") + goal,
            str(len(row.seeds)), _over_seeds(row.asr, 3), f"{row.weakest:.3f}",
            f"{row.null_asr:.3f}", f"{row.benign:.3f}", _over_seeds(row.delta_psnr_db, 2),
            "-" if row.ssim is None else f"{row.ssim:.3f}",
        )  # fmt: skip
    judged, clean = (
        {f"{value:,.6g}" for value in each} for each in zip(*map(_common, rows), strict=True)
    )
    shown.title, shown.title_justify = setting, "left"
    shown.caption = (
        f"n = {', '.join(sorted(judged))} images a run; PSNR of the clean system "
        f"{', '.join(sorted(clean))} dB. ASR: mean over levels and seeds; weakest: of any level "
        "and seed. Clean system, benign: the largest rate of the null controls. delta: what the "
        "attack costs benign images. SSIM: of the strongest trigger, all pixels."
    )
    console.print(shown)


def _common(row: Standing) -> tuple[int, float]:
    return row.n, round(row.clean_psnr_db, 2)


def _args(row: Standing) -> dict[str, object]:
    return {key: value for key, value in row.attack.items() if key != "name"}


def _over_seeds(value: OverSeeds, digits: int) -> str:
    if value.interval is None:
        return f"{value.mean:.{digits}f}"
    low, high = value.interval
    return f"{value.mean:.{digits}f}\n[{low:.{digits}f}, {high:.{digits}f}]"
