"""What a run leaves behind: metrics.json, and the arrays that the report draws."""

import platform
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version

import torch

from semvet.both import Both
from semvet.config import NUMERICS, Run
from semvet.data import DataSet
from semvet.defending.defend import Outcome
from semvet.evaluation.figures import mean_of, rate, system_figures, trigger_levels
from semvet.evaluation.goals.target import LITERAL
from semvet.evaluation.measured import MeasuredSystem, Trial
from semvet.metrics.lpips import why_no_lpips
from semvet.records import (
    AttackRecord,
    ClassifierFigures,
    GoalRecord,
    Judgement,
    JudgeRecord,
    PointRecord,
    PoisonSummary,
    PrintedRule,
    Provenance,
    RunRecord,
    SpeedRecord,
    StudyRecord,
    SystemFigures,
    SystemRecord,
)
from semvet.store import Arrays
from semvet.training.trained import TrainedSystem

EXAMPLES = 8  # images that the report may show


def run_record(
    run: Run, trial: Trial, trained: TrainedSystem, outcomes: Sequence[Outcome], *,
    id: str, name: str, judgements: tuple[Judgement, ...], studies: tuple[StudyRecord, ...],
    classifier: ClassifierFigures | None, calibration: int, speed: SpeedRecord,
    provenance: Provenance,
) -> RunRecord:  # fmt: skip
    limit = run.evaluation.outage_psnr_db
    systems = trial.both.map(
        lambda one: system_figures(one.measured, one.judge, outage_psnr_db=limit)
    )
    shown = trial.both.map(lambda one: one.measured.psnr_db)
    return RunRecord(
        id=id,
        name=name,
        config=run,
        systems=systems,
        delta_psnr_db=mean_of(shown.clean - shown.attacked),
        attack=_attack(run, trial, trained, systems),
        judge=JudgeRecord(
            rule=trial.both.attacked.judge.rule,
            alpha=run.evaluation.alpha,
            calibration_images=calibration,
            thresholds=trial.both.map(lambda one: tuple(one.judge.thresholds.tolist())),
        ),
        judgements=judgements,
        printed_rule=_printed_rule(trial.both),
        undefended=trial.both.map(lambda one: system_figures(one.undefended, one.judge))
        if outcomes
        else None,
        defenses=tuple(outcome.record for outcome in outcomes),
        studies=studies,
        classifier=classifier,
        system=_system(trial.both.attacked),
        speed=speed,
        provenance=provenance,
    )


def _attack(
    run: Run, trial: Trial, trained: TrainedSystem, systems: Both[SystemFigures]
) -> AttackRecord:
    heard, poison = trial.heard, trained.poison
    return AttackRecord(
        name=run.attack.name,
        goal=GoalRecord(
            name=trial.aim.name,
            words=trial.aim.words,
            facts=trial.aim.facts(heard, systems.map(lambda one: one.asr)),
            details=trial.aim.details(heard),
        ),
        in_image=trial.attack.in_image,
        shows_trigger=trial.both.attacked.measured.shows_trigger,
        operating_points=_points(trial),
        triggers=trigger_levels(trial.both.attacked.measured),
        lpips_note=why_no_lpips(),
        poison=PoisonSummary(
            controls=poison.controls,
            training_images=poison.training_images,
            count=poison.count,
        ),
    )


def _points(trial: Trial) -> tuple[PointRecord, ...] | None:
    """Channel and SNR by level, where they are the trigger."""
    nominal, attack = trial.both.attacked.link.nominal, trial.attack
    found = [attack.operating_point(nominal, level=k) for k in range(1, attack.levels + 1)]
    points = tuple(
        PointRecord(channel=type(one.channel).__name__, snr_db=one.snr_db) for one in found if one
    )
    return points or None


def _printed_rule(both: Both[MeasuredSystem]) -> PrintedRule | None:
    """The paper's own rule, mu - 3 sigma and any target, beside the sound one (errata S1, S2)."""
    if LITERAL not in both.attacked.by_rule:
        return None

    def any_hit(one: MeasuredSystem) -> tuple[float, ...]:
        """Of benign images, then of each level."""
        judge, every = one.by_rule[LITERAL], (one.measured.scores, *one.measured.scores_triggered)
        return tuple(rate(judge.reached(scores).any(dim=1)) for scores in every)

    rates = both.map(any_hit)
    return PrintedRule(
        rule=LITERAL,
        thresholds=both.map(lambda one: tuple(one.by_rule[LITERAL].thresholds.tolist())),
        benign=rates.map(lambda each: each[0]),
        asr=rates.map(lambda each: each[1:]),
    )


def _system(attacked: MeasuredSystem) -> SystemRecord:
    link = attacked.link
    return SystemRecord(
        parameters=sum(p.numel() for p in link.parameters()),
        channel_uses=link.system.symbols,
        channel_uses_benign=attacked.uses[0],
        channel_uses_triggered=attacked.uses[1:],
        bandwidth_ratio=link.system.bandwidth_ratio,
        compression_ratio=2 * link.system.bandwidth_ratio,
    )


def speed_of(
    trained: TrainedSystem, *, total_seconds: float, peak_memory_mib: float
) -> SpeedRecord:
    """Of the training, whenever it was, and of the run."""
    record = trained.record
    seconds = record.seconds or 1.0  # nothing to train takes no time
    achieved = record.flop_per_step * record.steps / seconds
    return SpeedRecord(
        images_per_s=record.images_per_s,
        training_seconds=record.seconds,
        flop_per_s=achieved,
        conv_peak=record.conv_peak,
        gemm_peak=record.gemm_peak,
        flop_utilization=achieved / record.conv_peak,
        gemm_utilization=achieved / record.gemm_peak,
        precision=record.precision,
        precision_reason=record.precision_reason,
        training_peak_memory_mib=record.peak_memory_mib,
        total_seconds=total_seconds,
        peak_memory_mib=peak_memory_mib,
    )


def provenance_of(run: Run, data: DataSet, device: torch.device) -> Provenance:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return Provenance(
        semvet=version("semvet"),
        numerics=NUMERICS,
        torch=torch.__version__,
        python=sys.version.split()[0],
        device=f"{device.type} ({name}, {torch.get_num_threads()} threads)",
        data=data.source,
        packaged_sample="packaged sample" in data.source,
        data_fingerprint=data.fingerprint,
        seed=run.seed,
        finished=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def pictures_of(trial: Trial, outcomes: Sequence[Outcome]) -> Arrays:
    """A few examples of everything, and all scores."""
    shown, clean = trial.both.attacked.measured, trial.both.clean.measured
    few = slice(EXAMPLES)
    tensors = {
        "targets": torch.stack([wanted[0] for wanted in shown.wanted]),
        "thresholds": trial.both.attacked.judge.thresholds,
        "sent": shown.sent[few],
        "received_clean_system": clean.received[few],
        "received": shown.received[few],
        "scores": shown.scores,
        "hosts": shown.hosts[few],
        "triggered": torch.stack([x[few] for x in shown.triggered]),
        "received_triggered": torch.stack([y[few] for y in shown.received_triggered]),
        "scores_triggered": torch.stack(shown.scores_triggered),
        "wanted": torch.stack([wanted[few] for wanted in shown.wanted]),
        "received_triggered_clean_system": torch.stack([y[few] for y in clean.received_triggered]),
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
