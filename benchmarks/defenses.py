"""Cards of defenses: `python -m benchmarks.defenses OUT.json RUN_FOLDER ...`.

What `semvet run smoothing`, `frontier` and `adaptive` found, as results/defenses/ keeps it: one
entry per run with its attack, its null control and one line per defense. Computes nothing anew.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from semvet.reports.pictures.frontier import points
from semvet.store import RunFolder


def main(out: Path, folders: list[RunFolder]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([card(folder) for folder in folders], indent=1)
    out.write_text(text + "\n")


def card(folder: RunFolder) -> dict[str, Any]:
    config, metrics = folder.config, folder.metrics
    attacked, clean = metrics["attacked_system"], metrics["clean_system"]
    return {
        "data": config["data"]["name"],
        "training_images": metrics["poison"]["training_images"],
        "system": config["system"],
        "snr_db": config["snr_db"],
        "attack": config["attack"],
        "training": config["training"],
        "seed": config["seed"],
        "n": attacked["n"],
        "n_behind_a_defense": metrics["defenses"][0]["after"]["n"],
        "asr": attacked["asr"],
        "psnr_db": attacked["psnr_db"],
        "clean_system_asr": clean["asr"],
        "clean_system_psnr_db": clean["psnr_db"],
        "defenses": [
            {
                **asdict(point),
                "gone": point.gone,
                "misdirected": point.misdirected,
                "certified_coverage": (one["certificate"] or {}).get("certified_coverage"),
                "findings": _plain(one["findings"]),
                "clean_system_findings": _plain(one["clean_system_findings"]),
                "suspicion": one["suspicion"],
                "detection": one["detection"],
                "clean_system_detection": one["clean_system_detection"],
            }
            for one, point in zip(metrics["defenses"], points(metrics["defenses"]), strict=True)
        ],
    }


def _plain(findings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in findings.items() if not isinstance(value, list)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), [RunFolder(Path(name)) for name in sys.argv[2:]])
