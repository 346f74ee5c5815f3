"""Median-activation pruning, one row for each time it was applied: BASS Fig. 7 and Fig. 9.

PSNR over the ratio        change of features of both kinds of images        d_c over the ratio

The first panel needs to know the attack: the defense has never seen it.
"""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from semvet.reports.numbers import rate, short
from semvet.reports.pictures.look import ATTACKED, BENIGN, CLEAN, CURVES, FAINT, INK, Frame
from semvet.reports.record import DefenseRecord, Record

NAME = "median-pruning"
ROW = 3.6  # inches
CHOSEN = CURVES[2]
LEGEND: dict[str, Any] = {"fontsize": 7.5, "loc": "best"}


def prunings(record: Record) -> list[DefenseRecord]:
    return [one for one in record.defenses if one.figures["name"] == NAME]


def draw_pruning(record: Record) -> Figure | None:
    shown = prunings(record)
    if not shown:
        return None
    frame = Frame(10.8, ROW * len(shown) + 0.25, top=0.35 if len(shown) == 1 else 0.6)
    figure, panels = frame.panels(len(shown), 3, gridspec_kw={"wspace": 0.24, "hspace": 0.5})
    for i, one in enumerate(shown):
        psnr, change, knee = panels[3 * i : 3 * i + 3]
        _psnr(psnr, one)
        _change(change, one)
        _knee(knee, one)
        for axes in (psnr, change, knee):
            axes.grid()
            axes.set_xlabel("pruning ratio")
        if len(shown) > 1:
            psnr.text(0, 1.12, one.label, transform=psnr.transAxes, weight="bold", fontsize=9)
    return figure


def _psnr(axes: Axes, one: DefenseRecord) -> None:
    study = one.figures.get("pruning_study")
    if not study:
        axes.set_visible(False)
        return
    axes.plot(study["ratios"], study["clean_psnr_db"], color=CLEAN, label="benign, to the original")
    axes.plot(
        study["ratios"], study["target_psnr_db"], color=ATTACKED, linestyle=(0, (6, 2)),
        label="triggered, to the target",
    )  # fmt: skip
    axes.plot(
        study["ratios"], study["recovered_psnr_db"], color=INK, linestyle=(0, (2, 1.5)),
        label="triggered, to the original",
    )  # fmt: skip
    _chosen(axes, one.figures["findings"])
    axes.axvline(study["best_ratio"], color=FAINT, linestyle=(0, (2, 2)), label="best for P2")
    axes.set_title(f"PSNR in dB, every ratio (n = {study['n']})")
    axes.legend(**LEGEND)


def _change(axes: Axes, one: DefenseRecord) -> None:
    found, labels = one.figures["findings"], one.figures.get("suspicion") or {}
    axes.plot(
        found["ratios"], found["curve_flagged"], color=ATTACKED,
        label=f"flagged ({found['flagged']} of {found['images']})",
    )  # fmt: skip
    axes.plot(
        found["ratios"], found["curve_others"], color=BENIGN, linestyle=(0, (6, 2)), label="others"
    )
    axes.axvline(found["largest_variance_ratio"], color=FAINT, linewidth=0.8, label="labelled here")
    f1 = f", F1 {rate(labels['f1'])}" if "f1" in labels else ""
    axes.set_title(f"Relative change of features{f1}")
    axes.legend(**LEGEND)


def _knee(axes: Axes, one: DefenseRecord) -> None:
    found = one.figures["findings"]
    axes.plot(found["ratios"], found["d_c"], color=INK)
    axes.axhline(found["least_d_c"], color=FAINT, linewidth=0.8, label="least for a knee")
    _chosen(axes, found)
    if study := one.figures.get("pruning_study"):
        axes.axvline(study["best_ratio"], color=FAINT, linestyle=(0, (2, 2)), label="best for P2")
    ratio = found["ratio"]
    axes.set_title(
        "d_c: no knee, nothing pruned" if ratio is None else f"d_c: {short(ratio)} pruned"
    )
    axes.legend(**LEGEND)


def _chosen(axes: Axes, found: dict[str, Any]) -> None:
    if found["ratio"] is not None:
        axes.axvline(found["ratio"], color=CHOSEN, linewidth=1.6, label="chosen by the defense")
