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
from semvet.metrics.statistics import mean, mean_interval
from semvet.stages.defend import Outcome
from semvet.stages.evaluate import literal_figures, summarize, trigger_figures
from semvet.stages.subject import Subject
from semvet.stages.train import MOST_HELD_OUT, TrainedSystem
from semvet.store import Arrays

EXAMPLES = 8  # images that the report may show


def metrics_of(
    run: Run, splits: Splits, trained: TrainedSystem, attacked: Subject, clean: Subject,
    outcomes: Sequence[Outcome],
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
        "trigger": trigger_figures(attacked.measured),
        "judge": {
            "rule": attacked.judge.rule,
            "alpha": run.evaluation.alpha,
            "held_out_images": min(len(splits.held_out), MOST_HELD_OUT),
            "thresholds": attacked.judge.thresholds.tolist(),
            "clean_system_thresholds": clean.judge.thresholds.tolist(),
        },
        "literal": literal_figures(
            attacked.measured, attacked.literal, clean.measured, clean.literal
        ),
        "defenses": [outcome.figures for outcome in outcomes],
        "poison": {k: trained.poison[k] for k in ("controls", "training_images", "count")},
        "system": _system(attacked),
        "speed": speed_of(trained),
    }


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
        "targets": attacked.judge.targets,
        "thresholds": attacked.judge.thresholds,
        "sent": shown.sent[few],
        "received_clean_system": clean.measured.received[few],
        "received": shown.received[few],
        "scores": shown.scores,
        "triggered": torch.stack([x[few] for x in shown.triggered]),
        "received_triggered": torch.stack([y[few] for y in shown.received_triggered]),
        "scores_triggered": torch.stack(shown.scores_triggered),
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
    return {name: tensor.contiguous().cpu().numpy() for name, tensor in tensors.items()}
