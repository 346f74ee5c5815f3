"""One run from its record to its folder: data -> poison -> train -> evaluate -> defend -> store."""

import platform
import sys
import time
from importlib.metadata import version
from typing import Any

import torch

from semvet.config import NUMERICS, Run, identity
from semvet.data import Splits, split
from semvet.metrics.judge import Judge, make_judge, score
from semvet.stages.defend import Outcome, defend
from semvet.stages.evaluate import (
    Measurement,
    literal_figures,
    measure,
    summarize,
    transmit,
    trigger_figures,
)
from semvet.stages.machine import peak_memory_mib, pick_device
from semvet.stages.schema import make_source, resolve
from semvet.stages.train import TrainedSystem, trained_system
from semvet.stages.watch import Silent, Watch
from semvet.store import Arrays, RunFolder, Store
from semvet.systems import TrainableLink
from semvet.types import to_images

EXAMPLES = 8  # images that the report may show


def execute(
    run: Run | dict[str, Any], store: Store, *, device: str = "auto", watch: Watch | None = None,
    checkpoint_every_s: float = 15.0,
) -> RunFolder:  # fmt: skip
    """The folder of the finished run; returns at once if it was finished before.

    Raises SemvetError for whatever a user can mend; a killed run goes on where it was.
    """
    watch, began = watch or Silent(), time.perf_counter()
    run, where = resolve(run), pick_device(device)
    watch.stage("loading data")
    data = make_source(run.data).load()
    name = f"{run.data.name}-{run.system.name}-{run.attack.name}"
    folder = store.run(name, identity(run.document(), data.fingerprint))
    if folder.finished:
        return folder
    with store.lock(folder.path):
        folder.write_config(run.document())
        folder.log("started", data=data.source)
        watch.stage(f"data: {data.source}")
        splits = split(data, seed=run.seed)
        metrics, pictures = _numbers(run, splits, data.fingerprint, store, folder, where, watch,
                                     checkpoint_every_s)  # fmt: skip
        metrics["provenance"] = _provenance(run, data.source, data.fingerprint, where)
        metrics["speed"]["total_seconds"] = time.perf_counter() - began
        metrics["speed"]["peak_memory_mib"] = peak_memory_mib(where)
        folder.write_evaluation(pictures)
        folder.write_metrics(metrics)
        folder.log("finished", seconds=time.perf_counter() - began)
    return folder


def _numbers(
    run: Run, splits: Splits, fingerprint: str, store: Store, folder: RunFolder,
    device: torch.device, watch: Watch, checkpoint_every_s: float,
) -> tuple[dict[str, Any], Arrays]:  # fmt: skip
    def train(which: Run, name: str) -> TrainedSystem:
        trained = trained_system(
            which, splits, fingerprint, store, device=device, watch=watch, name=name,
            checkpoint_every_s=checkpoint_every_s,
        )  # fmt: skip
        folder.log("trained", system=name, **_speed(trained.record))
        return trained

    clean = train(resolve(run.clean()), "the clean system")
    attacked = train(run, f"the system under {run.attack.name}")
    folder.write_poison(attacked.poison)
    folder.write_weights(attacked.weights, {"record": run.training_record()})

    watch.stage("evaluating both systems")
    targets = attacked.attack.targets
    x = to_images(splits.test.pixels[: run.evaluation.images].to(device))
    held_out = to_images(splits.held_out.pixels[:1000].to(device))
    measured, judges, literals = {}, {}, {}
    for name, link in (("clean", clean.link), ("attacked", attacked.link)):
        benign = score(transmit(link, held_out, seed=run.seed, purpose="judge"), targets)
        rule, alpha = run.evaluation.judge, run.evaluation.alpha
        judges[name] = make_judge(rule, targets, benign, alpha=alpha)
        literals[name] = make_judge("mu-minus-3-sigma", targets, benign, alpha=alpha)
        measured[name] = measure(
            link, attacked.attack, x, seed=run.seed, draws=run.evaluation.draws
        )
    figures = {name: summarize(m, judges[name]) for name, m in measured.items()}
    delta = figures["clean"]["psnr_db"] - figures["attacked"]["psnr_db"]

    outcomes = []
    for spec in run.defense:
        watch.stage(f"defense {spec.name} {_brief(spec.args)}")
        part = x[: run.evaluation.defended_images]
        outcomes.append(
            defend(spec, attacked.link, clean.link, attacked.attack, judges["attacked"], part,
                   seed=run.seed)
        )  # fmt: skip
    metrics = {
        "clean_system": figures["clean"],
        "attacked_system": {**figures["attacked"], "delta_psnr_db": delta},
        "trigger": trigger_figures(measured["attacked"]),
        "judge": {
            "rule": judges["attacked"].rule,
            "alpha": run.evaluation.alpha,
            "held_out_images": len(held_out),
            "thresholds": judges["attacked"].thresholds.tolist(),
            "clean_system_thresholds": judges["clean"].thresholds.tolist(),
        },
        "literal": literal_figures(
            measured["attacked"], literals["attacked"], measured["clean"], literals["clean"]
        ),
        "defenses": [outcome.figures for outcome in outcomes],
        "poison": {k: attacked.poison[k] for k in ("controls", "training_images", "count")},
        "system": _system_figures(attacked.link),
        "speed": _speed(attacked.record),
    }
    return metrics, _pictures(measured, judges["attacked"], outcomes)


def _system_figures(link: TrainableLink) -> dict[str, Any]:
    return {
        "parameters": sum(p.numel() for p in link.parameters()),
        "channel_uses": link.channel_uses,
        "bandwidth_ratio": link.bandwidth_ratio,
        "compression_ratio": 2 * link.bandwidth_ratio,
    }


def _speed(record: dict[str, Any]) -> dict[str, Any]:
    batches_per_s = record["steps"] / record["seconds"] if record["seconds"] else 0.0
    achieved = record["flop_per_step"] * batches_per_s
    return {
        "images_per_s": record["images_per_s"],
        "training_seconds": record["seconds"],
        "flop_per_s": achieved,
        "conv_peak": record["conv_peak"],
        "gemm_peak": record["gemm_peak"],
        "flop_utilization": achieved / record["conv_peak"],
        "gemm_utilization": achieved / record["gemm_peak"],
        "precision": record["precision"],
        "training_peak_memory_mib": record["peak_memory_mib"],
    }


def _pictures(measured: dict[str, Measurement], judge: Judge, outcomes: list[Outcome]) -> Arrays:
    """What the report draws: a few examples of everything, and all SSIM scores."""
    attacked = measured["attacked"]
    tensors = {
        "targets": judge.targets,
        "thresholds": judge.thresholds,
        "sent": attacked.sent[:EXAMPLES],
        "received_clean_system": measured["clean"].received[:EXAMPLES],
        "received": attacked.received[:EXAMPLES],
        "scores": attacked.scores,
    }
    lists = {
        "triggered": [t[:EXAMPLES] for t in attacked.triggered],
        "received_triggered": [t[:EXAMPLES] for t in attacked.received_triggered],
        "scores_triggered": attacked.scores_triggered,
    }
    for i, outcome in enumerate(outcomes):
        tensors[f"defense/{i}/received"] = outcome.measured.received[:EXAMPLES]
        tensors[f"defense/{i}/scores"] = outcome.measured.scores
        lists[f"defense/{i}/received_triggered"] = [
            t[:EXAMPLES] for t in outcome.measured.received_triggered
        ]
    stacked = {name: torch.stack(tensors_) for name, tensors_ in lists.items()}
    return {k: v.contiguous().cpu().numpy() for k, v in {**tensors, **stacked}.items()}


def _provenance(run: Run, source: str, fingerprint: str, device: torch.device) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "semvet": version("semvet"),
        "numerics": NUMERICS,
        "torch": torch.__version__,
        "python": sys.version.split()[0],
        "device": f"{device.type} ({name}, {torch.get_num_threads()} threads)",
        "data": source,
        "data_fingerprint": fingerprint,
        "seed": run.seed,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _brief(args: dict[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in args.items())
