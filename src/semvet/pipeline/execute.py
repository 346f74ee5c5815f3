"""One run from its record to its folder: data -> poison -> train -> evaluate -> defend -> store."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import torch

from semvet.both import Both, zipped
from semvet.catalog import make_defense, null_control, resolve
from semvet.clock import Stopwatch
from semvet.config import Run, Spec, content_id
from semvet.defending.defend import Outcome, defend
from semvet.evaluation.goals import MOST_CALIBRATION, UnderTest, aim_of
from semvet.evaluation.images import evaluation_images
from semvet.evaluation.judgements import judgements
from semvet.evaluation.measured import Trial, put_to_trial
from semvet.evaluation.reading import Reader, candidate_classes, classifier_figures
from semvet.evaluation.studies import run_studies
from semvet.pipeline.material import Material, load_material
from semvet.pipeline.preflight import preflight
from semvet.pipeline.record import pictures_of, provenance_of, run_record, speed_of
from semvet.pipeline.retraining import surroundings
from semvet.records import Rate, RunRecord
from semvet.store import RunFolder, Store
from semvet.training.classifier import trained_classifier
from semvet.training.machine import peak_memory_mib, pick_device
from semvet.training.trained import TrainedSystem, Workshop, to_arrays, trained_system
from semvet.types import to_images
from semvet.watch import Silent, Watch


def execute(
    run: Run | dict[str, Any], store: Store, *, device: str = "auto", watch: Watch | None = None,
    checkpoint_every_s: float = 15.0,
) -> RunFolder:  # fmt: skip
    """The folder of the finished run; returns at once if it was finished before.

    Raises SemvetError for whatever a user can mend; a killed run goes on where it was.
    """
    watch, where = watch or Silent(), pick_device(device)
    clock, run = Stopwatch(where), resolve(run)
    watch.stage("loading data")
    material = load_material(run)
    name = f"{run.data.name}-{run.system.name}-{run.attack.name}"
    folder = store.run(name, content_id(run.document(), material.fingerprint))
    if folder.finished:
        return folder
    with store.lock(folder.path, wait=watch.stage, doing="running it"):
        if folder.finished:  # by whom we waited for
            return folder
        folder.write_config(run.document())
        folder.log("started", data=material.data.source)
        watch.stage(f"data: {material.data.source}")
        splits = material.splits(run)
        preflight(run, splits)
        shop = Workshop(splits, material.fingerprint, store, where, watch, checkpoint_every_s)
        stage = Stage(run, material, shop, folder, clock)
        record = stage.evaluated(stage.trained())
        folder.write_metrics(record.model_dump(mode="json"))
        when = datetime.fromisoformat(record.provenance.finished)
        folder.write_manifest(fingerprint=material.fingerprint, finished=when)
        folder.log("finished", seconds=clock.seconds())
    return folder


@dataclass(frozen=True)
class Stage:
    """A run under way. The configuration is taken apart here, and handed on in parts."""

    run: Run
    material: Material
    shop: Workshop
    folder: RunFolder
    clock: Stopwatch

    def trained(self) -> Both[TrainedSystem]:
        """The null control and the attacked system; both may be in the store already."""
        run = self.run
        clean = self._one(null_control(run), "the clean system")
        attacked = self._one(run, f"the system under {run.attack.name}")
        self.folder.write_poison(attacked.poison)
        self.folder.write_weights(attacked.weights, {"record": run.training_record()})
        return Both(clean=clean, attacked=attacked)

    def _one(self, run: Run, name: str) -> TrainedSystem:
        trained = trained_system(run, self.shop, name=name)
        self.folder.log("trained", system=name, seconds=trained.record["seconds"])
        return trained

    def evaluated(self, trained: Both[TrainedSystem]) -> RunRecord:
        run, splits, device = self.run, self.shop.splits, self.shop.device
        reader = self._reader()
        self.shop.watch.stage("evaluating both systems")
        attack = trained.attacked.attack
        aim = aim_of(attack)
        images = evaluation_images(
            aim.judged(splits.test), attack, count=run.evaluation.images, device=device
        )
        calibration = to_images(splits.calibration.pixels[:MOST_CALIBRATION].to(device))
        trial = put_to_trial(
            trained.map(lambda one: UnderTest(one.link, one.attack)), images, aim, run.evaluation,
            calibration=calibration, seed=run.seed,
        )  # fmt: skip
        outcomes = self._defended(trial, trained)
        self.folder.write_evaluation(pictures_of(trial, outcomes))
        elsewhere = run.targets.data is not None and run.targets.data.name != run.data.name
        candidates = candidate_classes(splits.target_candidate_labels, known=not elsewhere)
        judged = judgements(trial, reader.classify if reader else None, candidates)
        self.shop.watch.stage("studying the backdoor")
        studied = run_studies(trial, run.evaluation.studies, images=run.evaluation.study_images)
        return run_record(
            run, trial, trained.attacked, outcomes, id=self.folder.id, name=self.folder.path.name,
            judgements=judged, studies=studied, classifier=classifier_figures(reader, trial),
            calibration=len(calibration), speed=self._speed(trained.attacked, device),
            provenance=provenance_of(run, self.material.data, device),
        )  # fmt: skip

    def _defended(self, trial: Trial, trained: Both[TrainedSystem]) -> list[Outcome]:
        run = self.run
        runs = Both(clean=null_control(run), attacked=run)
        around = zipped(runs, trained).map(lambda both: surroundings(both[0], self.shop, both[1]))
        outcomes = []
        for index, spec in enumerate(run.defense):
            self.shop.watch.stage(f"defense {_in_words(spec)}")
            made = make_defense(spec)
            outcome = defend(spec.name, spec.args, made, trial, around, index=index)
            outcomes.append(outcome)
            if outcome.hardened:
                record = run.training_record()
                described = {"record": record, "defense": spec.model_dump(mode="json")}
                self.folder.write_hardened(index, to_arrays(**outcome.hardened), described)
        return outcomes

    def _reader(self) -> Reader | None:
        found = trained_classifier(
            self.run, self.shop.splits, self.material.data.fingerprint, self.shop.store,
            device=self.shop.device, watch=self.shop.watch,
        )  # fmt: skip
        if found is None:
            return None
        test = found.record["test"]
        right = round(test["accuracy"] * test["n"]) if test["n"] else 0
        return Reader(
            found.name, found.classify, sum(p.numel() for p in found.network.parameters()),
            found.record["epochs"], Rate.of(right, test["n"]) if test["n"] else None,
        )  # fmt: skip

    def _speed(self, trained: TrainedSystem, device: torch.device) -> Any:
        return speed_of(
            trained, total_seconds=self.clock.seconds(), peak_memory_mib=peak_memory_mib(device)
        )


def _in_words(spec: Spec) -> str:
    return " ".join([spec.name, *(f"{key}={value}" for key, value in spec.args.items())])
