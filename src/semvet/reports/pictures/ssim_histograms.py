"""What the judge sees: SSIM to each target of benign and triggered images, and the thresholds."""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from semvet.reports.numbers import rate
from semvet.reports.pictures.look import ATTACKED, BENIGN, FAINT, INK, Frame
from semvet.reports.record import Record

BINS = 60


def draw_ssim_histograms(record: Record) -> Figure | None:
    if record.goal != "TARGET":
        return None
    columns = min(len(record.levels), 4)
    rows = ceil(len(record.levels) / columns)
    frame = Frame(10.4, 1.0 + 2.5 * rows, top=0.8) if columns > 1 else Frame(6.5, 3.8, top=1.0)
    figure, panels = frame.panels(
        rows, columns, sharex=True, sharey=True, gridspec_kw={"hspace": 0.45, "wspace": 0.12}
    )
    edges = _edges(record)
    for k, axes in zip(record.levels, panels, strict=False):
        _panel(axes, record, k, edges)
    for axes in panels[len(record.levels) :]:
        axes.set_visible(False)
    panels[0].set_yscale("log", nonpositive="clip")
    panels[0].set_ylim(0.7, 1.5 * len(record.arrays["scores"]))
    for axes in panels[::columns]:
        axes.set_ylabel("images, log scale")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    figure.supxlabel("SSIM of the received image to the target", fontsize=9, y=0.1 / frame.height)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", ncols=4 if columns > 1 else 2)
    return figure


def _edges(record: Record) -> list[float]:
    """From 0, or the smallest SSIM there is, to 1: the same bins in every panel."""
    smallest = min(float(record.arrays[name].min()) for name in ("scores", "scores_triggered"))
    return np.linspace(min(0.0, smallest), 1.0, BINS + 1).tolist()


def _panel(axes: Axes, record: Record, k: int, edges: list[float]) -> None:
    metrics, arrays = record.metrics, record.arrays
    attacked = metrics["attacked_system"]
    axes.hist(arrays["scores"][:, k - 1], edges, color=BENIGN, alpha=0.7, label="benign images")
    facts = f"benign {rate(attacked['benign_false_positive'][k - 1])}"
    if record.has_attack and record.fired_by != "defense":
        scores = arrays["scores_triggered"][k - 1][:, k - 1]
        name = (
            f"images {'over the air that is' if record.fired_by == 'air' else 'with'} the trigger"
        )
        axes.hist(scores, edges, color=(ATTACKED, 0.2), label=name, histtype="stepfilled",
                  edgecolor=ATTACKED, linewidth=1.4)  # fmt: skip
        facts = f"ASR {rate(attacked['asr'][k - 1])}, {facts}"
    judge = metrics["judge"]
    rule = f"judge's threshold ({judge['rule']})"
    axes.axvline(judge["thresholds"][k - 1], color=INK, linewidth=1.6, label=rule)
    literal = metrics["literal"]["thresholds"][k - 1]
    name = "printed rule, mean - 3 sigma"
    axes.axvline(literal, color=INK, linewidth=1.2, linestyle=(0, (3, 2)), label=name)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y")
    target = f"target {k}" if len(record.levels) > 1 else "target"
    axes.set_title(f"{target}\n")
    axes.text(0, 1.03, facts, transform=axes.transAxes, fontsize=8, color=FAINT)
