"""BASS Fig. 8: how well median-activation pruning labels poisoned images, over the poison ratio.

    python -m experiments.identification

Draws results/defenses/pruning.json (of finished runs, made by `experiments.pruning`) to
docs/defenses/identification.png. The paper has one curve per data set; here every system is a
point, and those of one width and seed are joined.
"""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.command import parser, start
from experiments.records.files import DOCS, write
from experiments.records.pruning import PRUNING, SOUND, Entry, read_entries
from semvet.errors import StoreError
from semvet.reports.pictures.look import CURVES, DASHES, MARKERS, Frame, png

OUT = DOCS / "defenses" / "identification.png"
NAMES = {"mnist": "MNIST", "cifar10": "CIFAR-10"}
System = tuple[str, int, int]  # data, width, seed
Curves = dict[System, list[tuple[float, float]]]  # poison ratio, F1


def main(words: Sequence[str] | None = None) -> None:
    ask = parser("identification", __doc__)
    ask.add_argument("--results", type=Path, default=PRUNING, help="another pruning.json")
    ask.add_argument("--out", type=Path, default=OUT, help="another picture")
    asked = ask.parse_args(words)
    entries = read_entries(asked.results)
    if not entries:
        raise StoreError(f"{asked.results}: no figures; `experiments.pruning` makes some")
    picture = png(draw, entries)
    assert picture is not None
    write(asked.out, picture)


def draw(entries: Sequence[Entry]) -> Figure:
    curves: Curves = {}
    for entry in entries:
        found = entry.pruning[SOUND]["attacked"].labels.f1
        if found is not None:
            key = (entry.data, entry.width, entry.seed)
            curves.setdefault(key, []).append((entry.poison_ratio, found))
    frame = Frame(9.2, 3.9, top=0.45, bottom=0.6)
    figure, panels = frame.panels(1, 2, sharey=True)
    for axes, data in zip(panels, NAMES, strict=True):
        _draw(axes, {k: sorted(v) for k, v in sorted(curves.items()) if k[0] == data})
        axes.set_title(f"{NAMES[data]}, 20,000 images, 2,000 of them labelled")
    panels[0].set_ylabel("F1 of poisoned-image labels")
    return figure


def _draw(axes: Axes, curves: Curves) -> None:
    widths = sorted({width for _, width, _ in curves})
    for (_, width, seed), points in curves.items():
        i = widths.index(width)
        axes.plot(
            *zip(*points, strict=True), color=CURVES[i], marker=MARKERS[seed % len(MARKERS)],
            linestyle=DASHES[i % len(DASHES)], markersize=7, markerfacecolor="none", clip_on=False,
            label=f"{width} filters, seed {seed}",
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set(xlim=(0.008, 0.25), ylim=(-0.03, 1.03), xlabel="poison ratio, log scale")
    axes.set_xticks([0.01, 0.05, 0.1, 0.2], ["0.01", "0.05", "0.1", "0.2"])
    axes.minorticks_off()
    axes.grid()
    if curves:
        axes.legend(loc="center left", fontsize=8)


if __name__ == "__main__":
    start(main)
