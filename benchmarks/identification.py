"""BASS Fig. 8: how well median-activation pruning labels poisoned images, over the poison ratio.

`python -m benchmarks.identification` draws results/defenses/pruning.json (of finished runs, made by
`benchmarks.pruning`) to docs/defenses/identification.png. The paper has one curve per data
set; here every system is a point, and those of one width and seed are joined.
"""

import json
from pathlib import Path

import matplotlib.style
from matplotlib.axes import Axes

from semvet.reports.pictures.look import CURVES, DASHES, DPI, MARKERS, STYLE, Frame

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "defenses" / "pruning.json"
OUT = ROOT / "docs" / "defenses" / "identification.png"
NAMES = {"mnist": "MNIST", "cifar10": "CIFAR-10"}


def main() -> None:
    curves: dict[tuple[str, int, int], list[tuple[float, float]]] = {}
    for entry in json.loads(RESULTS.read_text()):
        found = entry["pruning"]["sound"]["attacked"]["labels"]["f1"]
        key = (entry["data"], entry["width"], entry["seed"])
        curves.setdefault(key, []).append((entry["poison_ratio"], found))
    with matplotlib.style.context(["default", STYLE]):
        frame = Frame(9.2, 3.9, top=0.45, bottom=0.6)
        figure, panels = frame.panels(1, 2, sharey=True)
        for axes, data in zip(panels, NAMES, strict=True):
            _draw(axes, {k: sorted(v) for k, v in sorted(curves.items()) if k[0] == data})
            axes.set_title(f"{NAMES[data]}, 20,000 images, 2,000 of them labelled")
        panels[0].set_ylabel("F1 of poisoned-image labels")
        figure.savefig(OUT, format="png", dpi=DPI, metadata={"Software": None})


def _draw(axes: Axes, curves: dict[tuple[str, int, int], list[tuple[float, float]]]) -> None:
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
    axes.legend(loc="center left", fontsize=8)


if __name__ == "__main__":
    main()
