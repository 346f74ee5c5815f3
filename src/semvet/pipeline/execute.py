"""One run from its record to its folder: data -> poison -> train -> evaluate -> defend -> store."""

import time
from typing import Any

from semvet.catalog.schema import null_control, resolve
from semvet.config import Run, Spec, content_id
from semvet.defending.defend import defend
from semvet.defending.world import Ground
from semvet.evaluation.downstream import (
    Downstream,
    classifier_figures,
    preflight_classifier,
    receiver_figures,
    trained_classifier,
    wanted_labels,
)
from semvet.evaluation.judgements import judgements, rules_of
from semvet.evaluation.studies import studies
from semvet.evaluation.subject import make_subjects
from semvet.pipeline.material import load_material
from semvet.pipeline.record import metrics_of, pictures_of, provenance_of, speed_of
from semvet.store import RunFolder, Store
from semvet.training.machine import peak_memory_mib, pick_device
from semvet.training.trained import TrainedSystem, Workshop, preflight, to_arrays, trained_system
from semvet.watch import Silent, Watch


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
    material = load_material(run)
    data, fingerprint = material.data, material.fingerprint
    name = f"{run.data.name}-{run.system.name}-{run.attack.name}"
    folder = store.run(name, content_id(run.document(), fingerprint))
    if folder.finished:
        return folder
    with store.lock(folder.path):
        folder.write_config(run.document())
        folder.log("started", data=data.source)
        watch.stage(f"data: {data.source}")
        splits = material.splits(run)
        preflight(run, splits)
        preflight_classifier(run, splits)
        workshop = Workshop(splits, fingerprint, store, where, watch, checkpoint_every_s)
        clean, attacked = _train(run, workshop, folder)
        reader = trained_classifier(
            run, splits, data.fingerprint, store, device=where, watch=watch
        )  # fmt: skip
        metrics = _evaluate(run, workshop, clean, attacked, reader, folder)
        metrics["provenance"] = provenance_of(run, data, where)
        metrics["speed"]["total_seconds"] = time.perf_counter() - began
        metrics["speed"]["peak_memory_mib"] = peak_memory_mib(where)
        folder.write_metrics(metrics)
        folder.log("finished", seconds=time.perf_counter() - began)
    return folder


def _train(run: Run, workshop: Workshop, folder: RunFolder) -> tuple[TrainedSystem, TrainedSystem]:
    """The null control and the attacked system; both may be in the store already."""

    def one(which: Run, name: str) -> TrainedSystem:
        trained = trained_system(which, workshop, name=name)
        folder.log("trained", system=name, **speed_of(trained))
        return trained

    clean = one(null_control(run), "the clean system")
    attacked = one(run, f"the system under {run.attack.name}")
    folder.write_poison(attacked.poison)
    folder.write_weights(attacked.weights, {"record": run.training_record()})
    return clean, attacked


def _evaluate(
    run: Run, workshop: Workshop, clean: TrainedSystem, attacked: TrainedSystem,
    reader: Downstream | None, folder: RunFolder,
) -> dict[str, Any]:  # fmt: skip
    watch, splits = workshop.watch, workshop.splits
    watch.stage("evaluating both systems")
    attack = attacked.attack
    control, subject, sample = make_subjects(clean, attacked, run, splits, workshop.device)
    grounds = Ground(run, workshop, attack), Ground(null_control(run), workshop, clean.attack)
    outcomes = []
    for index, spec in enumerate(run.defense):
        watch.stage(f"defense {_in_words(spec)}")
        outcomes.append(defend(spec, subject, control, grounds, attack, sample, seed=run.seed))
        if hardened := outcomes[-1].hardened:
            described = {"record": run.training_record(), "defense": spec.model_dump(mode="json")}
            folder.write_hardened(index, to_arrays(**hardened), described)
    folder.write_evaluation(pictures_of(subject, control, outcomes))
    named = (reader.classify if reader else None, wanted_labels(run, attack, splits))
    judged = judgements(
        subject.measured, control.measured,
        attacked_rules=rules_of(attack, subject.judge, subject.judges, *named),
        clean_rules=rules_of(attack, control.judge, control.judges, *named),
    )  # fmt: skip
    watch.stage("studying the backdoor")
    found = studies(run, attack, subject, control)
    metrics = metrics_of(run, splits, attacked, subject, control, outcomes, judged)
    return metrics | {
        "studies": found,
        "classifier": classifier_figures(reader, sample, control, subject),
        "receiver_classifier": receiver_figures(sample, control, subject),
    }


def _in_words(spec: Spec) -> str:
    return " ".join([spec.name, *(f"{key}={value}" for key, value in spec.args.items())])
