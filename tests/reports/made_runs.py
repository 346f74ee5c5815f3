"""Small finished runs as the pipeline would leave them, with made-up numbers."""

from pathlib import Path
from typing import Any

import numpy as np

from semvet.store import RunFolder

EXAMPLES, IMAGES, DEFENDED = 3, 40, 20
RADII = [0.0, 0.1, 0.25, 0.5]


def made_run(
    root: Path, *, levels: int = 4, attack: str = "sembugger", defenses: int = 3,
    shape: tuple[int, int, int] = (1, 12, 12), asr: float = 0.97,
) -> RunFolder:  # fmt: skip
    folder = RunFolder(root / f"mnist-jscc-{attack}-0123456789ab")
    folder.write_config(made_config(attack, levels, defenses))
    folder.write_evaluation(made_arrays(levels, defenses, shape))
    folder.write_metrics(made_metrics(attack, levels, defenses, asr))
    return folder


def made_config(attack: str, levels: int, defenses: int) -> dict[str, Any]:
    return {
        "data": {"name": "mnist", "source": "sample", "root": None},
        "system": {"name": "jscc", "bandwidth_ratio": 0.125},
        "channel": {"name": "awgn"},
        "snr_db": 25.0,
        "attack": {"name": attack, "levels": levels, "widths": [8, 16]},
        "defense": [{"name": "none"}, *({"name": "smooth", **a} for a in arguments(defenses))],
        "evaluation": {"images": IMAGES, "draws": 10, "outage_psnr_db": 20.0, "judge": "conformal"},
        "seed": 3,
    }


def arguments(defenses: int) -> list[dict[str, Any]]:
    return [{"sigma": 0.05 + 0.1 * i, "copies": 32, "clip": i % 2 == 0} for i in range(defenses)]


def made_arrays(levels: int, defenses: int, shape: tuple[int, int, int]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)

    def images(*leading: int) -> np.ndarray:
        return rng.random((*leading, *shape), dtype=np.float32)

    def scores(*leading: int) -> np.ndarray:
        return rng.random((*leading, levels), dtype=np.float32)

    sent = images(EXAMPLES)
    arrays = {
        "targets": images(levels),
        "thresholds": np.full(levels, 0.6, np.float32),
        "sent": sent,
        "received_clean_system": images(EXAMPLES),
        "received": images(EXAMPLES),
        "scores": scores(IMAGES),
        "triggered": (sent + np.float32(0.02)).clip(0, 1)[None].repeat(levels, axis=0),
        "received_triggered": images(levels, EXAMPLES),
        "scores_triggered": scores(levels, IMAGES),
    }
    for i in range(1 + defenses):
        arrays[f"defense/{i}/received"] = images(EXAMPLES)
        arrays[f"defense/{i}/scores"] = scores(DEFENDED)
        arrays[f"defense/{i}/scores_triggered"] = scores(levels, DEFENDED)
        if i:  # the first is none, which certifies nothing
            arrays[f"defense/{i}/radius"] = made_radii()
        arrays[f"defense/{i}/received_triggered"] = images(levels, EXAMPLES)
    return arrays


def made_radii() -> np.ndarray:
    """Ties, a very small one, and four images without a certificate."""
    return np.repeat(np.float32([0, 0.004, 0.02, 0.21]), [4, 1, 5, DEFENDED - 10])


def made_metrics(attack: str, levels: int, defenses: int, asr: float) -> dict[str, Any]:
    attacked = made_system(levels, IMAGES, asr=asr, psnr_db=23.456)
    clean = made_system(levels, IMAGES, asr=0.0, psnr_db=24.567)
    specs = [("none", {}), *(("smooth", args) for args in arguments(defenses))]
    thresholds = [0.6] * levels
    return {
        "clean_system": clean,
        "attacked_system": {
            **attacked, "delta_psnr_db": 1.111, "delta_psnr_db_interval": [1.05, 1.17],
        },
        "trigger": made_trigger(levels, visible=attack != "none"),
        "judge": {
            "rule": "conformal", "alpha": 0.005, "held_out_images": 600,
            "thresholds": thresholds, "clean_system_thresholds": thresholds,
        },
        "literal": {
            "rule": "mu-minus-3-sigma", "thresholds": [0.123] * levels,
            "benign_false_positive": 0.998, "asr": [1.0] * levels,
            "clean_system_thresholds": [0.1] * levels,
            "clean_system_benign_false_positive": 1.0, "clean_system_asr": [1.0] * levels,
        },
        "defenses": [made_defense(name, args, levels) for name, args in specs],
        "poison": {
            "controls": ["TRANSMITTER_DATA", "TRAINING"] if attack != "none" else [],
            "training_images": 5384, "count": 1076 if attack != "none" else 0,
        },
        "system": {
            "parameters": 135438, "channel_uses": 98, "bandwidth_ratio": 0.125,
            "compression_ratio": 0.25, "channel_uses_benign": 98.0,
            "channel_uses_triggered": [98.0] * levels,
        },
        "speed": {
            "images_per_s": 1724.5, "training_seconds": 6.2, "flop_per_s": 1.5e11,
            "conv_peak": 9.8e11, "gemm_peak": 8.1e11, "flop_utilization": 0.153,
            "gemm_utilization": 0.187, "precision": "bf16", "precision_reason": "self-test passed",
            "training_peak_memory_mib": 588.8,
            "total_seconds": 52.8, "peak_memory_mib": None,
        },
        "provenance": {
            "semvet": "0.1.0", "numerics": 1, "torch": "2.13.0", "python": "3.11.2",
            "device": "cpu", "data": "mnist, packaged <sample>", "data_fingerprint": "1f" * 8,
            "seed": 3, "finished": "2026-01-01T00:00:00Z",
        },
    }  # fmt: skip


def made_system(levels: int, n: int, *, asr: float, psnr_db: float) -> dict[str, Any]:
    return {
        "n": n, "psnr_db": psnr_db, "psnr_db_interval": [psnr_db - 0.1, psnr_db + 0.1],
        "psnr_of_mean_mse_db": psnr_db - 0.4,
        "distortion_outage": 0.037, "distortion_outage_interval": [0.031, 0.043],
        "asr": [asr] * levels,
        "asr_interval": [[max(0.0, asr - 0.05), min(1.0, asr + 0.05)]] * levels,
        "asr_mean": asr, "asr_any": [asr] * levels,
        "benign_false_positive": [0.004] * levels,
        "benign_false_positive_interval": [[0.0, 0.013]] * levels,
        "benign_any": 0.011, "benign_any_interval": [0.006, 0.019],
        "psnr_to_target_db": [31.416] * levels, "ssim_to_target": [0.9123] * levels,
        "recovered_psnr_db": [9.87] * levels,
    }  # fmt: skip


def made_trigger(levels: int, *, visible: bool) -> dict[str, list[float | None]]:
    small = [0.25 * k * visible for k in range(1, levels + 1)]
    similar = [1 - 0.01 * size for size in small]
    return {
        "ssim": list(similar), "ssim_cropped": list(similar),
        "psnr_db": [40.0 if visible else None] * levels,
        "tanimoto": list(similar), "cosine": list(similar),
        "l2": list(small), "linf": list(small), "energy_uniformity": [0.19] * levels,
    }  # fmt: skip


def made_defense(name: str, args: dict[str, Any], levels: int) -> dict[str, Any]:
    before = made_system(levels, DEFENDED, asr=0.97, psnr_db=23.4)
    after = made_system(levels, DEFENDED, asr=0.97 if name == "none" else 0.0, psnr_db=19.753)
    after["recovered_psnr_db"] = [18.642] * levels
    misfires = args.get("clip", False)
    if misfires:
        after["benign_false_positive_interval"] = [[0.7, 0.9]] * levels
        after |= {"benign_any": 0.802, "benign_any_interval": [0.563, 0.943]}
    clean_after = made_system(levels, DEFENDED, asr=0.037, psnr_db=20.864)
    clean_after |= {"benign_any": 0.043, "benign_any_interval": [0.021, 0.077]}
    radius = made_radii()
    certificate = {
        "of": "the vote", "n": DEFENDED, "alpha": 0.001, "copies": 32, "radii": RADII,
        "certified_accuracy": [float((radius > r).mean()) for r in RADII],
        "mean_radius": float(radius.mean()), "abstains": float((radius == 0).mean()),
        "violates_assumption_2": 0.15, "certified_coverage": [0.321] * levels,
    }  # fmt: skip
    return {
        "name": name, "args": args, "vantage": ["TRANSMITTER", "RECEIVER"],
        "before": before, "after": after, "benign_hit_rate": after["benign_any"],
        "recovered_psnr_db": after["recovered_psnr_db"],
        "clean_system_before": made_system(levels, DEFENDED, asr=0.029, psnr_db=24.5),
        "clean_system_after": clean_after,
        "clean_system_psnr_before_db": 24.5, "clean_system_psnr_db": 20.864,
        "channel_uses_factor": 32.0, "ms_per_image": 2.2,
        "findings": {"largest_radius": 0.216} if misfires else {},
        "certificate": certificate if name != "none" else None,
    }  # fmt: skip
