"""Every defense in the store against every attack that it met: what finished runs say.

rows     defenses with their arguments
columns  attacks with theirs, in one setting
cell     the worst over levels and seeds of what is left
"""

from collections.abc import Iterable, Sequence

from semvet.records import RunRecord
from semvet.records.standings import Cell, DefenseMatrix, DefenseRow
from semvet.reports.frontier import Point, points
from semvet.reports.labels import labels
from semvet.reports.reading import Reading
from semvet.reports.standings.grouping import by_setting, newest_first
from semvet.reports.verdict import GONE

EVALUATED = ("images", "defended_images")
Seeds = dict[int, Point]


def matrices(records: Iterable[RunRecord]) -> list[DefenseMatrix]:
    """One per setting. A seed that was run twice counts once, as the newest run has it."""
    attacked = [one for one in newest_first(records) if Reading(one).has_attack]
    attacks, defenses = _attack_names(attacked), _defense_names(attacked)
    made = [
        _matrix(name, [(one, attacks[one.id], defenses[one.id]) for one in some])
        for name, some in by_setting(attacked, EVALUATED).items()
    ]
    return [matrix for matrix in made if len(matrix.rows) > 1]


def _attack_names(records: Sequence[RunRecord]) -> dict[str, str]:
    """By run. They tell apart whatever differs anywhere in the store."""
    named = labels([(one.config.attack.name, one.config.attack.args) for one in records])
    return {one.id: name for one, name in zip(records, named, strict=True)}


def _defense_names(records: Sequence[RunRecord]) -> dict[str, list[str]]:
    """By run, in its order."""
    named = iter(labels([(one.name, one.args) for run in records for one in run.defenses]))
    return {run.id: [next(named) for _ in run.defenses] for run in records}


def _matrix(name: str, runs: Sequence[tuple[RunRecord, str, list[str]]]) -> DefenseMatrix:
    cells: dict[str, dict[str, Seeds]] = {}
    for run, attack, defenses in runs:  # newest first
        for defense, point in zip(defenses, points(Reading(run)), strict=True):
            seeds = cells.setdefault(defense, {}).setdefault(attack, {})
            seeds.setdefault(run.provenance.seed, point)
    attacks = tuple(dict.fromkeys(attack for _, attack, _ in runs))
    rows = tuple(
        DefenseRow(
            label=defense,
            cells=tuple(_cell(row[attack]) if attack in row else None for attack in attacks),
        )
        for defense, row in cells.items()
    )
    return DefenseMatrix(
        setting=name, packaged_sample=runs[0][0].provenance.packaged_sample, attacks=attacks,
        rows=rows, gone_excess=GONE,
    )  # fmt: skip


def _cell(seeds: Seeds) -> Cell:
    every = list(seeds.values())
    excess = [a - b for one in every for a, b in zip(one.asr, one.benign, strict=True)]
    aurocs = [one.auroc for one in every if one.auroc is not None]
    return Cell(
        seeds=tuple(sorted(seeds)),
        asr=max(one.worst for one in every),
        excess=max(excess),
        gone=max(excess) <= GONE,
        loss_db=max(one.loss_db for one in every),
        auroc=min(aurocs, default=None),
    )
