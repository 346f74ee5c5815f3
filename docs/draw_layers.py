"""python docs/draw_layers.py: draws architecture.svg from the layers that import-linter checks.

One row per layer, the highest first; a room may import from the rows below its own and, in its own
row, from nobody.
"""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, MARGIN, BOX, GAP, PER_CHARACTER = 840, 20, 34, 12, 7.6  # pixels
MOST_ACROSS = 7  # boxes; a longer layer gets a second line
STYLE = """
text { font: 14px ui-monospace, monospace; text-anchor: middle; fill: #1f2328 }
rect { fill: #eef3fa; stroke: #5b7db1 }
.layer { fill: none; stroke: #c9d1d9; stroke-dasharray: 3 3 }
.arrow { font-size: 12px; fill: #6e7781 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } rect { fill: #1b2a41 } .layer { fill: none; stroke: #3d444d }
  .arrow { fill: #9198a1 }
}
"""


def layers() -> list[list[str]]:
    """The highest first, as pyproject.toml has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    (flow,) = [one for one in contracts if one["type"] == "layers"]
    return [[room.strip("() ") for room in layer.split("|")] for layer in flow["layers"]]


def picture(rooms: list[list[str]]) -> str:
    lines, y = [], MARGIN
    for layer in rooms:
        rows = [layer[i : i + MOST_ACROSS] for i in range(0, len(layer), MOST_ACROSS)]
        height = len(rows) * (BOX + GAP) + GAP
        lines.append(
            f'<rect class="layer" x="{MARGIN}" y="{y}" width="{WIDTH - 2 * MARGIN}" '
            f'height="{height}" rx="6"/>'
        )
        for i, row in enumerate(rows):
            lines += boxes(row, y + GAP + i * (BOX + GAP))
        y += height + GAP
    lines.append(f'<text class="arrow" x="{WIDTH / 2:g}" y="{y + 4}">imports go down only</text>')
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + MARGIN}" '
        f'width="{WIDTH}" height="{y + MARGIN}" role="img" aria-label="The layers of semvet">'
    )
    return "\n".join([head, f"<style>{STYLE}</style>", *lines, "</svg>", ""])


def boxes(row: list[str], y: int) -> list[str]:
    """Of one line, side by side and centred."""
    widths = [PER_CHARACTER * len(room) + 3 * GAP for room in row]
    x = (WIDTH - sum(widths) - GAP * (len(row) - 1)) / 2
    drawn = []
    for room, width in zip(row, widths, strict=True):
        middle = f'x="{x + width / 2:.1f}" y="{y + BOX / 2 + 5:g}"'
        drawn.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BOX}" rx="4"/>')
        drawn.append(f"<text {middle}>{room}</text>")
        x += width + GAP
    return drawn


if __name__ == "__main__":
    PICTURE.write_text(picture(layers()))
