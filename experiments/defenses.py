"""Cards of defenses, of finished runs; computes nothing anew.

    python -m experiments.defenses results/defenses/frontier.json runs/RUN ...

What `semvet run smoothing`, `frontier` and `adaptive` found, as results/defenses/ keeps it: one
entry per run with its attack, its null control and one line per defense.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import semvet as sv
from experiments.command import parser, start
from experiments.records.cards import CARDS, Card, DefenseCard, Detected
from experiments.records.files import write_results
from semvet.errors import StoreError
from semvet.records import DefenseRecord, DetectionRecord, RunRecord
from semvet.records.run import Findings
from semvet.reports.frontier import Point, points
from semvet.reports.reading import Reading


def main(words: Sequence[str] | None = None) -> None:
    ask = parser("defenses", __doc__)
    ask.add_argument("out", type=Path, metavar="OUT.json")
    ask.add_argument("runs", nargs="+", metavar="RUN", help="folder, name or id of a finished run")
    asked = ask.parse_args(words)
    write_results(asked.out, CARDS, tuple(card(sv.load(name).record) for name in asked.runs))


def card(record: RunRecord) -> Card:
    """Raises StoreError for a run without defenses."""
    if not record.defenses:
        raise StoreError(f"{record.name}: no defenses; `semvet run frontier` has some")
    config, systems = record.config.document(), record.systems
    return Card(
        data=config["data"]["name"],
        training_images=record.attack.poison.training_images,
        system=config["system"],
        snr_db=config["snr_db"],
        attack=config["attack"],
        training=config["training"],
        seed=config["seed"],
        n=systems.attacked.n,
        n_behind_a_defense=record.defenses[0].after.attacked.n,
        asr=tuple(systems.attacked.asr),
        psnr_db=systems.attacked.psnr_db.value,
        clean_system_asr=tuple(systems.clean.asr),
        clean_system_psnr_db=systems.clean.psnr_db.value,
        defenses=tuple(
            defense_card(one, point)
            for one, point in zip(record.defenses, points(Reading(record)), strict=True)
        ),
    )


def defense_card(one: DefenseRecord, point: Point) -> DefenseCard:
    detection = one.detection
    return DefenseCard(
        **asdict(point),
        gone=point.gone,
        misdirected=point.misdirected,
        certified_coverage=one.certificate.certified_coverage if one.certificate else None,
        findings=_plain(one.findings.attacked),
        clean_system_findings=_plain(one.findings.clean),
        suspicion=one.suspicion.attacked if one.suspicion else None,
        detection=detected(detection.attacked) if detection else None,
        clean_system_detection=detected(detection.clean) if detection else None,
    )


def detected(one: DetectionRecord) -> Detected:
    return Detected(
        threshold=one.threshold,
        ms_per_image=one.ms_per_image,
        flagged_benign=one.flagged_benign,
        auroc=tuple(level.auroc for level in one.levels),
        recall=tuple(level.recall for level in one.levels),
        flagged=tuple(level.flagged for level in one.levels),
        asr_left=tuple(level.asr_left for level in one.levels),
    )


def _plain(findings: Findings) -> Findings:
    return {key: value for key, value in findings.items() if not isinstance(value, list)}


if __name__ == "__main__":
    start(main)
