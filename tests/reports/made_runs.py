"""Small finished runs as the pipeline would leave them, with made-up numbers."""

from pathlib import Path
from typing import Any

import numpy as np

from semvet.store import RunFolder

EXAMPLES, IMAGES, DEFENDED = 3, 40, 20
RADII = [0.0, 0.1, 0.25, 0.5]


def made_run(
    root: Path, *, levels: int = 4, attack: str = "sembugger", defenses: int = 3,
    shape: tuple[int, int, int] = (1, 12, 12), asr: float = 0.97, goal: str = "TARGET",
    fired_by: str = "",
) -> RunFolder:  # fmt: skip
    """`fired_by`: "air", "defense" or "element" where no image shows the trigger."""
    folder = RunFolder(root / f"mnist-jscc-{attack}-0123456789ab")
    folder.write_config(made_config(attack, levels, defenses))
    folder.write_evaluation(made_arrays(levels, defenses, shape))
    folder.write_metrics(made_metrics(attack, levels, defenses, asr, goal, fired_by))
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
        "carriers": sent,
        "wanted": images(levels, EXAMPLES),
        "received_triggered_clean_system": images(levels, EXAMPLES),
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


def made_metrics(
    attack: str, levels: int, defenses: int, asr: float, goal: str = "TARGET", fired_by: str = ""
) -> dict[str, Any]:
    visible = attack != "none" and not fired_by
    literal = {
        "rule": "mu-minus-3-sigma", "thresholds": [0.123] * levels,
        "benign_false_positive": 0.998, "asr": [1.0] * levels,
        "clean_system_thresholds": [0.1] * levels,
        "clean_system_benign_false_positive": 1.0, "clean_system_asr": [1.0] * levels,
    }  # fmt: skip
    attacked = made_system(levels, IMAGES, asr=asr, psnr_db=23.456)
    clean = made_system(levels, IMAGES, asr=0.0, psnr_db=24.567)
    specs = [("none", {}), *(("smooth", args) for args in arguments(defenses))]
    thresholds = [0.6] * levels
    return {
        "clean_system": clean,
        "attacked_system": {
            **attacked, "delta_psnr_db": 1.111, "delta_psnr_db_interval": [1.05, 1.17],
        },
        "attack": {
            "goal": goal,
            "in_image": fired_by not in ("air", "defense"),
            "air": [{"channel": "Rayleigh", "snr_db": 0.0}] * levels if fired_by == "air" else None,
        },
        "trigger": made_trigger(levels, visible=visible),
        "trigger_lpips_note": "LPIPS not computed: no weights",
        "judge": {
            "rule": "conformal", "alpha": 0.005, "held_out_images": 600,
            "thresholds": thresholds, "clean_system_thresholds": thresholds,
        },
        "judgements": made_judgements(levels, goal),
        "literal": literal if goal == "TARGET" else None,
        "removal": {"attacked": made_removal(0.905), "clean": made_removal(0.0)}
        if goal == "REMOVAL" else None,
        "classifier": made_classifier(),
        "receiver_classifier": {
            name: {"accuracy": 0.934, "interval": [0.92, 0.95], "n": IMAGES}
            for name in ("clean_system", "attacked_system")
        } if goal == "LABEL" else None,
        "studies": made_studies(levels, goal, visible=visible, by_air=fired_by == "air"),
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
        "provenance": made_provenance(),
    }  # fmt: skip


def made_provenance() -> dict[str, Any]:
    return {
        "semvet": "0.1.0", "numerics": 1, "torch": "2.13.0", "python": "3.11.2",
        "device": "cpu", "data": "mnist, packaged <sample>", "data_fingerprint": "1f" * 8,
        "seed": 3, "finished": "2026-01-01T00:00:00Z",
    }  # fmt: skip


def made_system(levels: int, n: int, *, asr: float, psnr_db: float) -> dict[str, Any]:
    return {
        "n": n, "n_triggered": n,
        "psnr_db": psnr_db, "psnr_db_interval": [psnr_db - 0.1, psnr_db + 0.1],
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
        "tanimoto": list(similar), "cosine": list(similar), "lpips": [None] * levels,
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
        "mean_radius": float(radius.mean()), "median_radius": 0.1,
        "abstains": float((radius == 0).mean()),
        "violates_assumption_2": 0.15, "certified_coverage": [0.321] * levels,
    }  # fmt: skip
    return {
        "name": name, "args": args, "vantage": ["TRANSMITTER", "RECEIVER"],
        "before": before, "after": after, "benign_hit_rate": after["benign_any"],
        "recovered_psnr_db": after["recovered_psnr_db"],
        "clean_system_before": made_system(levels, DEFENDED, asr=0.029, psnr_db=24.5),
        "clean_system_after": clean_after,
        "clean_system_psnr_before_db": 24.5, "clean_system_psnr_db": 20.864,
        "detection": None, "clean_system_detection": None, "suspicion": None,
        "clean_system_suspicion": None, "clean_system_findings": {}, "pruning_study": None,
        "channel_uses_factor": 32.0, "ms_per_image": 2.2,
        "findings": {"largest_radius": 0.216} if misfires else {},
        "certificate": certificate if name != "none" else None,
    }  # fmt: skip


def made_judgements(levels: int, goal: str) -> list[dict[str, Any]]:
    rules = ["conformal", "mu-plus-3-sigma", "mu-minus-3-sigma", "strict argmax", "nearest"]
    names = rules if goal == "TARGET" else [goal.lower()]
    return [
        {
            "rule": name, "asks": f"what {name} asks",
            "attacked": {"asr": [0.961] * levels, "benign": [0.252] * levels},
            "clean": {"asr": [0.253] * levels, "benign": [0.254] * levels},
        }
        for name in names
    ]  # fmt: skip


def made_removal(share: float) -> dict[str, float]:
    return {
        "region_psnr_db": 24.135, "rest_psnr_db": 23.246, "region_removed": share,
        "rest_kept": 0.915,
    }  # fmt: skip


def made_classifier() -> dict[str, Any]:
    figures = {"accuracy": 0.945, "interval": [0.93, 0.96], "n": IMAGES}
    return {
        "name": "small", "parameters": 54321, "epochs": 4, "test": figures | {"n": 1000},
        "originals": figures, "clean_system": figures, "attacked_system": figures,
    }  # fmt: skip


def made_studies(
    levels: int, goal: str, *, visible: bool, by_air: bool = False
) -> dict[str, dict[str, Any]]:
    studies = {}
    if visible:
        studies["cropping"] = made_cropping(levels, printed=0.987 if goal == "TARGET" else None)
        studies["intensity"] = made_intensity(levels)
    if not by_air:
        studies["robustness"] = made_robustness(levels, coded=visible)
    return studies


def made_cropping(levels: int, *, printed: float | None) -> dict[str, Any]:
    ratios = [1.0, 0.5, 0.25]

    def answers(asr: float) -> dict[str, Any]:
        return {
            "asr": [[asr * r] * levels for r in ratios],
            "asr_interval": [[[0.9 * asr * r, asr * r]] * levels for r in ratios],
            "any": [0.855 * r for r in ratios],
            "printed_rule": [printed] * 3,
        }

    similar = [[1 - 0.1 * r] * levels for r in ratios]
    return {
        "ratios": ratios, "n": 30, "ssim": similar, "l2": similar, "lpips": [None] * 3,
        "attacked": answers(0.844), "clean": answers(0.0),
    }  # fmt: skip


def made_intensity(levels: int) -> dict[str, Any]:
    intensities = [i / 8 for i in range(13)]
    outcomes = np.eye(levels + 1)
    shares = [outcomes[min(round(s * levels), levels)].tolist() for s in intensities]
    none = outcomes[[0] * (levels + 1)].tolist()
    return {
        "intensities": intensities, "n": 30, "attacked": shares,
        "clean": outcomes[[0] * len(intensities)].tolist(),
        "confusion": {
            "n_benign": IMAGES, "n_triggered": IMAGES, "attacked": outcomes.tolist(), "clean": none,
        },
    }  # fmt: skip


def made_robustness(levels: int, *, coded: bool) -> dict[str, Any]:
    def asr(points: int) -> dict[str, Any]:
        interval = [[[0.4, 0.6]] * levels] * points
        return {"asr": [[0.5] * levels] * points, "asr_interval": interval}

    def curves(at: list[Any]) -> dict[str, Any]:
        system = asr(len(at)) | {"psnr_db": [20.0] * len(at), "benign_any": [0.01] * len(at)}
        return {"at": at, "attacked": system, "clean": system}

    return {
        "n": 30, "n_triggered": 30, "usual_snr_db": 25.0,
        "snr": curves([-5.0, 0.0, 25.0]), "channel": curves(["awgn", "rayleigh", "rician"]),
        "jpeg": {"at": [95, 50], "attacked": asr(2), "clean": asr(2)} if coded else None,
    }  # fmt: skip
