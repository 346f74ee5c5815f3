"""What a run leaves behind: metrics.json, and the arrays that the report draws."""

import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import torch

from semvet.config import NUMERICS, Run
from semvet.data import DataSet, Splits
from semvet.defending.defend import Outcome
from semvet.evaluation.goals.judge import LITERAL, Scores
from semvet.evaluation.measurement import rate, summarize, trigger_figures
from semvet.evaluation.removal import removal_figures
from semvet.evaluation.subject import Subject
from semvet.metrics.lpips import why_no_lpips
from semvet.metrics.statistics import mean, mean_interval
from semvet.store import Arrays
from semvet.training.trained import MOST_CALIBRATION, TrainedSystem

EXAMPLES = 8  # images that the report may show


def metrics_of(
    run: Run, splits: Splits, trained: TrainedSystem, attacked: Subject, clean: Subject,
    outcomes: Sequence[Outcome], judged: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    limit = run.evaluation.outage_psnr_db
    delta = clean.measured.psnr_db - attacked.measured.psnr_db  # image by image
    return {
        "clean_system": summarize(clean.measured, clean.judge, outage_psnr_db=limit),
        "attacked_system": {
            **summarize(attacked.measured, attacked.judge, outage_psnr_db=limit),
            "delta_psnr_db": mean(delta),
            "delta_psnr_db_interval": mean_interval(delta),
        },
        "attack": {
            "goal": trained.attack.goal.name,
            "in_image": trained.attack.in_image,
            "air": _air(trained),
        },
        "trigger": trigger_figures(attacked.measured),
        "trigger_lpips_note": why_no_lpips(),
        "judge": {
            "rule": attacked.judge.rule,
            "alpha": run.evaluation.alpha,
            "held_out_images": min(len(splits.calibration), MOST_CALIBRATION),
            "thresholds": attacked.judge.thresholds.tolist(),
            "clean_system_thresholds": clean.judge.thresholds.tolist(),
        },
        "judgements": judged,
        "literal": _literal(attacked, clean) if attacked.judges else None,
        "removal": _removal(attacked, clean),
        "defenses": [outcome.figures for outcome in outcomes],
        "poison": {k: trained.poison[k] for k in ("controls", "training_images", "count")},
        "system": _system(attacked),
        "speed": speed_of(trained),
    }


def _air(trained: TrainedSystem) -> list[dict[str, Any]] | None:
    """Channel and SNR by level, where they are the trigger."""
    levels = range(1, trained.attack.levels + 1)
    points = [trained.attack.operating_point(trained.link.nominal, level=k) for k in levels]
    found = [
        {"channel": type(at.channel).__name__, "snr_db": at.snr_db}
        for at in points
        if at is not None
    ]
    return found or None


def _literal(attacked: Subject, clean: Subject) -> dict[str, Any]:
    """The paper's own rule, mu - 3 sigma and any target, beside the sound one (errata S1, S2)."""

    def any_rate(one: Subject, scores: Scores) -> float:
        return rate(one.judges[LITERAL].reached(scores).any(dim=1))

    return {
        "rule": LITERAL,
        "thresholds": attacked.judges[LITERAL].thresholds.tolist(),
        "benign_false_positive": any_rate(attacked, attacked.measured.scores),
        "asr": [any_rate(attacked, s) for s in attacked.measured.scores_triggered],
        "clean_system_thresholds": clean.judges[LITERAL].thresholds.tolist(),
        "clean_system_benign_false_positive": any_rate(clean, clean.measured.scores),
        "clean_system_asr": [any_rate(clean, s) for s in clean.measured.scores_triggered],
    }


def _removal(attacked: Subject, clean: Subject) -> dict[str, Any] | None:
    ours, theirs = removal_figures(attacked), removal_figures(clean)
    return ours and {"attacked": ours, "clean": theirs}


def speed_of(trained: TrainedSystem) -> dict[str, Any]:
    """Of the training, whenever it was."""
    record = trained.record
    seconds = record["seconds"] or 1.0  # nothing to train takes no time
    achieved = record["flop_per_step"] * record["steps"] / seconds
    return {
        "images_per_s": record["images_per_s"],
        "training_seconds": record["seconds"],
        "flop_per_s": achieved,
        "conv_peak": record["conv_peak"],
        "gemm_peak": record["gemm_peak"],
        "flop_utilization": achieved / record["conv_peak"],
        "gemm_utilization": achieved / record["gemm_peak"],
        "precision": record["precision"],
        "precision_reason": record["precision_reason"],
        "training_peak_memory_mib": record["peak_memory_mib"],
    }


def _system(attacked: Subject) -> dict[str, Any]:
    link = attacked.link
    return {
        "parameters": sum(p.numel() for p in link.parameters()),
        "channel_uses": link.system.symbols,
        "channel_uses_benign": attacked.uses[0],
        "channel_uses_triggered": attacked.uses[1:],
        "bandwidth_ratio": link.system.bandwidth_ratio,
        "compression_ratio": 2 * link.system.bandwidth_ratio,
    }


def provenance_of(run: Run, data: DataSet, device: torch.device) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "semvet": version("semvet"),
        "numerics": NUMERICS,
        "torch": torch.__version__,
        "python": sys.version.split()[0],
        "device": f"{device.type} ({name}, {torch.get_num_threads()} threads)",
        "data": data.source,
        "data_fingerprint": data.fingerprint,
        "seed": run.seed,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def pictures_of(attacked: Subject, clean: Subject, outcomes: Sequence[Outcome]) -> Arrays:
    """A few examples of everything, and all SSIM scores."""
    shown = attacked.measured
    few = slice(EXAMPLES)
    tensors = {
        "targets": torch.stack([wanted[0] for wanted in shown.wanted]),
        "thresholds": attacked.judge.thresholds,
        "sent": shown.sent[few],
        "received_clean_system": clean.measured.received[few],
        "received": shown.received[few],
        "scores": shown.scores,
        "carriers": shown.hosts[few],
        "triggered": torch.stack([x[few] for x in shown.triggered]),
        "received_triggered": torch.stack([y[few] for y in shown.received_triggered]),
        "scores_triggered": torch.stack(shown.scores_triggered),
        "wanted": torch.stack([wanted[few] for wanted in shown.wanted]),
        "received_triggered_clean_system": torch.stack(
            [y[few] for y in clean.measured.received_triggered]
        ),
    }
    for i, outcome in enumerate(outcomes):
        after, name = outcome.measured, f"defense/{i}"
        tensors[f"{name}/received"] = after.received[few]
        tensors[f"{name}/received_triggered"] = torch.stack(
            [y[few] for y in after.received_triggered]
        )
        tensors[f"{name}/scores"] = after.scores
        tensors[f"{name}/scores_triggered"] = torch.stack(after.scores_triggered)
        if outcome.radius is not None:
            tensors[f"{name}/radius"] = outcome.radius
        tensors |= {f"{name}/own/{key}": shown for key, shown in outcome.pictures.items()}
    return {name: tensor.contiguous().cpu().numpy() for name, tensor in tensors.items()}
