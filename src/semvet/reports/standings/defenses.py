"""Every defense in the store against every attack that it met: what finished runs say.

rows     defenses with their arguments
columns  attacks with theirs, on one setting (data, system, channel, SNR)
cell     the worst over levels and seeds of what is left
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from semvet.errors import StoreError
from semvet.reports.pictures.frontier import Point, points
from semvet.reports.record import labels
from semvet.store import RunFolder


@dataclass
class Cell:
    """One defense against one attack."""

    seeds: list[int] = field(default_factory=list)
    asr: float = 0.0  # left, worst level and seed
    excess: float = 0.0  # the same less the benign rate of that level
    loss_db: float = 0.0  # of benign images, worst seed
    auroc: float | None = None  # worst seed

    def add(self, seed: int, point: Point) -> None:
        self.seeds.append(seed)
        self.asr = max(self.asr, point.worst)
        left = [a - b for a, b in zip(point.asr, point.benign, strict=True)]
        self.excess = max(self.excess, *left)
        self.loss_db = max(self.loss_db, point.loss_db)
        if point.auroc is not None:
            self.auroc = min(point.auroc, 1.0 if self.auroc is None else self.auroc)


@dataclass
class Matrix:
    setting: str
    attacks: list[str]
    rows: dict[str, dict[str, Cell]]  # by defense, then by attack


def matrices(folders: Iterable[RunFolder]) -> list[Matrix]:
    """One per setting; where a seed was run twice, the newest run counts (`folders` come so)."""
    runs = _readable(folders)
    runs = [(c, m) for c, m in runs if c["attack"]["name"] != "none" and _current(m)]
    attacks = _attack_names([config["attack"] for config, _ in runs])
    every = labels([one for _, metrics in runs for one in metrics["defenses"]])
    found: dict[str, Matrix] = {}
    for (config, metrics), attack in zip(runs, attacks, strict=True):
        setting, count = _setting(config), len(metrics["defenses"])
        matrix = found.setdefault(setting, Matrix(setting, [], {}))
        if attack not in matrix.attacks:
            matrix.attacks.append(attack)
        names, every = every[:count], every[count:]
        for name, point in zip(names, points(metrics["defenses"]), strict=True):
            cell = matrix.rows.setdefault(name, {}).setdefault(attack, Cell())
            if config["seed"] not in cell.seeds:
                cell.add(config["seed"], point)
    return [matrix for matrix in found.values() if len(matrix.rows) > 1]


def _readable(folders: Iterable[RunFolder]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Configuration and metrics; one bad folder does not hide the others."""
    found = []
    for folder in folders:
        with suppress(StoreError):
            found.append((folder.config, folder.metrics))
    return found


def _current(metrics: dict[str, Any]) -> bool:
    """Not of a version that knew no detectors."""
    return all("detection" in one for one in metrics["defenses"])


def _setting(config: dict[str, Any]) -> str:
    images, epochs = config["training"]["images"], config["training"]["epochs"]
    parts = (
        config["data"]["name"], f"{images:,} images" if images else "", config["system"]["name"],
        config["channel"]["name"], f"{config['snr_db']:g} dB, {epochs} epochs",
    )  # fmt: skip
    return " ".join(part for part in parts if part)


def _attack_names(attacks: list[dict[str, Any]]) -> list[str]:
    """Name and telling arguments; of an attack that knows a defense, base and defense."""

    def flat(spec: dict[str, Any]) -> dict[str, Any]:
        args = {k: v for k, v in spec.items() if k != "name"}
        inner = {k: v["name"] for k, v in args.items() if isinstance(v, dict)}
        return {"name": spec["name"], "args": args | inner}

    return labels([flat(attack) for attack in attacks])
