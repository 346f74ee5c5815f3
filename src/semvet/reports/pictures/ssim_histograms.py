"""What the judge sees: SSIM to each target of benign and triggered images, and the thresholds."""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from semvet.reports.numbers import rate
from semvet.reports.pictures.look import ATTACKED, BENIGN, FAINT, INK, Frame
from semvet.reports.reading import Reading

BINS = 60


def draw_ssim_histograms(reading: Reading) -> Figure | None:
    if reading.record.printed_rule is None:
        return None
    columns = min(len(reading.levels), 4)
    rows = ceil(len(reading.levels) / columns)
    frame = Frame(10.4, 1.0 + 2.5 * rows, top=0.8) if columns > 1 else Frame(6.5, 3.8, top=1.0)
    figure, panels = frame.panels(
        rows, columns, sharex=True, sharey=True, gridspec_kw={"hspace": 0.45, "wspace": 0.12}
    )
    edges = _edges(reading)
    for k, axes in zip(reading.levels, panels, strict=False):
        _panel(axes, reading, k, edges)
    for axes in panels[len(reading.levels) :]:
        axes.set_visible(False)
    panels[0].set_yscale("log", nonpositive="clip")
    panels[0].set_ylim(0.7, 1.5 * len(reading.arrays["scores"]))
    for axes in panels[::columns]:
        axes.set_ylabel("images, log scale")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    figure.supxlabel("SSIM of the received image to the target", fontsize=9, y=0.1 / frame.height)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="upper center", ncols=4 if columns > 1 else 2)
    return figure


def _edges(reading: Reading) -> list[float]:
    """From 0, or the smallest SSIM there is, to 1: the same bins in every panel."""
    smallest = min(float(reading.arrays[name].min()) for name in ("scores", "scores_triggered"))
    return np.linspace(min(0.0, smallest), 1.0, BINS + 1).tolist()


def _panel(axes: Axes, reading: Reading, k: int, edges: list[float]) -> None:
    record, arrays = reading.record, reading.arrays
    level = record.systems.attacked.levels[k - 1]
    axes.hist(arrays["scores"][:, k - 1], edges, color=BENIGN, alpha=0.7, label="benign images")
    facts = f"benign {rate(level.benign.value)}"
    if reading.has_attack and reading.fired_by != "defense":
        scores = arrays["scores_triggered"][k - 1][:, k - 1]
        name = (
            f"images {'over the air that is' if reading.fired_by == 'air' else 'with'} the trigger"
        )
        axes.hist(scores, edges, color=(ATTACKED, 0.2), label=name, histtype="stepfilled",
                  edgecolor=ATTACKED, linewidth=1.4)  # fmt: skip
        facts = f"ASR {rate(level.asr.value)}, {facts}"
    judge, printed = record.judge, record.printed_rule
    rule = f"judge's threshold ({judge.rule})"
    axes.axvline(judge.thresholds.attacked[k - 1], color=INK, linewidth=1.6, label=rule)
    assert printed is not None
    name = "printed rule, mean - 3 sigma"
    threshold = printed.thresholds.attacked[k - 1]
    axes.axvline(threshold, color=INK, linewidth=1.2, linestyle=(0, (3, 2)), label=name)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y")
    target = f"target {k}" if len(reading.levels) > 1 else "target"
    axes.set_title(f"{target}\n")
    axes.text(0, 1.03, facts, transform=axes.transAxes, fontsize=8, color=FAINT)
