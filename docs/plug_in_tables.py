"""The tables of plug-ins.md, from the plug-ins themselves: `make docs`.

Written between the two markers; everything else of the page is by hand, as are the pages that a
plug-in is linked to.
"""

from collections.abc import Callable
from pathlib import Path

from semvet.catalog import described
from semvet.records.listing import PlugInRecord

PAGE = Path(__file__).with_name("plug-ins.md")
BEGIN, END = "<!-- made by `make docs` -->\n", "<!-- end of what is made -->\n"
PAGES = {
    "systems": {
        "systems/jscc.md": ["jscc"],
        "systems/jscc-f.md": ["jscc-f"],
        "systems/jscc-q.md": ["jscc-q"],
        "systems/scan.md": ["scan"],
        "systems/semcc.md": ["semcc"],
        "systems/external.md": ["external"],
        "systems/reference-lines.md": ["identity", "separate"],
    },
    "channels": {"channels.md": ["tdl", "cdl"]},
    "attacks": {
        "attacks/sc-trojan.md": ["sc-trojan", "sc-trojan-label"],
        "attacks/csba.md": ["csba"],
    },
    "defenses": {
        "defenses/split-training.md": ["split-training"],
        "defenses/audits.md": ["median-pruning", "trigger-inversion"],
        "defenses/repairs.md": [
            *("threshold", "median-filter", "low-pass", "jpeg", "denoiser"),
            *("fine-tuning", "fine-pruning", "anp"),
        ],
        "defenses/detectors.md": [
            *("self-loop", "strip", "snr-consistency", "output-covariance"),
            *("spectral-signatures", "activation-clustering"),
        ],
    },
}
Own = tuple[str, Callable[[PlugInRecord], tuple[str, ...]]]
OWN: dict[str, Own] = {  # a column that only this family has
    "attacks": ("controls", lambda one: one.controls or ("nothing",)),
    "defenses": ("stands at", lambda one: one.stands_at or ("where its parts do",)),
}


def tables() -> str:
    """Of semvet's own plug-ins, whatever else is installed."""
    families = ("datasets", "systems", "channels", "attacks", "defenses")
    return "\n".join(_table(family) for family in families)


def _table(family: str) -> str:
    own = [OWN[family]] if family in OWN else []
    columns = ["name", "what it is", *(head for head, _ in own), "arguments"]
    rows = [columns, ["---"] * len(columns)]
    for one in described(family):
        if not one.code.startswith("semvet."):
            continue
        pages = [page for page, names in PAGES.get(family, {}).items() if one.name in names]
        what = " ".join([one.what, *(f"[Page]({page})" for page in pages)])
        arguments = ", ".join(f"`{argument.name}`" for argument in one.arguments) or "-"
        rows.append([f"`{one.name}`", what, *(", ".join(of(one)) for _, of in own), arguments])
    lines = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    return f"### {family.capitalize()}\n\n" + "\n".join(lines) + "\n"


def written(page: str) -> str:
    """The page with its tables as they should be."""
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
