"""Cards of defenses: `python -m benchmarks.defenses OUT.json RUN_FOLDER ...`.

What `semvet run smoothing`, `frontier` and `adaptive` found, as results/defenses/ keeps it: one
entry per run with its attack, its null control and one line per defense. Computes nothing anew.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from semvet import api
from semvet.records import DefenseRecord, Record
from semvet.reports.frontier import Point


def main(out: Path, results: list[api.Result]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([card(result) for result in results], indent=1)
    out.write_text(text + "\n")


def card(result: api.Result) -> dict[str, Any]:
    record = result.record
    config, attacked, clean = (
        record.config.document(),
        record.systems.attacked,
        record.systems.clean,
    )
    return {
        "data": config["data"]["name"],
        "training_images": record.attack.poison.training_images,
        "system": config["system"],
        "snr_db": config["snr_db"],
        "attack": config["attack"],
        "training": config["training"],
        "seed": config["seed"],
        "n": attacked.n,
        "n_behind_a_defense": (record.undefended or record.systems).attacked.n,
        "asr": attacked.asr,
        "psnr_db": attacked.psnr_db.value,
        "clean_system_asr": clean.asr,
        "clean_system_psnr_db": clean.psnr_db.value,
        "defenses": [
            line(one, point)
            for one, (point, _) in zip(record.defenses, result.defenses, strict=True)
        ],
    }


def line(one: DefenseRecord, point: Point) -> dict[str, Any]:
    return {
        **asdict(point),
        "gone": point.gone,
        "misdirected": point.misdirected,
        "certified_coverage": one.certificate and one.certificate.certified_coverage,
        "findings": _plain(one.findings.attacked),
        "clean_system_findings": _plain(one.findings.clean),
        "suspicion": _dumped(one.suspicion and one.suspicion.attacked),
        "detection": _dumped(one.detection and one.detection.attacked),
        "clean_system_detection": _dumped(one.detection and one.detection.clean),
    }


def _dumped(record: Record | None) -> dict[str, Any] | None:
    return record.model_dump(mode="json") if record else None


def _plain(findings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in findings.items() if not isinstance(value, list)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), [api.load(name) for name in sys.argv[2:]])
