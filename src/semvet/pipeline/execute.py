"""One run from its record to its folder: data -> poison -> train -> evaluate -> defend -> store."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import torch

from semvet.both import Both, zipped
from semvet.catalog import make_defense, null_control, resolve
from semvet.clock import Stopwatch
from semvet.config import Run, Spec, content_id
from semvet.data import Splits
from semvet.defending.defend import Outcome, defend
from semvet.evaluation.goals import MOST_CALIBRATION, UnderTest, aim_of
from semvet.evaluation.images import evaluation_images
from semvet.evaluation.judgements import judgements
from semvet.evaluation.measured import Trial, put_to_trial
from semvet.evaluation.reading import Reader, candidate_classes, classifier_figures
from semvet.evaluation.studies import run_studies
from semvet.pipeline.material import Material, load_material
from semvet.pipeline.preflight import preflight
from semvet.pipeline.recipes import recipe_of
from semvet.pipeline.record import pictures_of, provenance_of, run_record, speed_of
from semvet.pipeline.retraining import surroundings
from semvet.records import RunRecord, SpeedRecord
from semvet.store import RunFolder, Store
from semvet.training.classifier import trained_classifier
from semvet.training.machine import peak_memory_mib, pick_device
from semvet.training.recipe import Recipe, Trainer
from semvet.training.trained import TrainedSystem, trained_system
from semvet.training.weights import to_arrays
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
        trainer = Trainer(store, where, watch, checkpoint_every_s)
        stage = Stage(run, material, splits, trainer, folder, clock)
        record = stage.evaluated(stage.trained())
        folder.write_metrics(record)
        when = datetime.fromisoformat(record.provenance.finished)
        folder.write_manifest(fingerprint=material.fingerprint, finished=when)
        folder.log("finished", seconds=clock.seconds())
    return folder


@dataclass(frozen=True)
class Stage:
    """A run under way. The configuration is taken apart here, and handed on in parts."""

    run: Run
    material: Material
    splits: Splits
    trainer: Trainer
    folder: RunFolder
    clock: Stopwatch

    @cached_property
    def runs(self) -> Both[Run]:
        """The same training without its attack, and with it."""
        return Both(clean=null_control(self.run), attacked=self.run)

    @cached_property
    def recipes(self) -> Both[Recipe]:
        return self.runs.map(lambda run: recipe_of(run, self.splits, self.material.fingerprint))

    def trained(self) -> Both[TrainedSystem]:
        """The null control and the attacked system; both may be in the store already."""
        clean = self._one(self.recipes.clean, "the clean system")
        attacked = self._one(self.recipes.attacked, f"the system under {self.run.attack.name}")
        self.folder.write_poison(attacked.poison)
        self.folder.write_weights(attacked.weights, {"record": self.recipes.attacked.record})
        return Both(clean=clean, attacked=attacked)

    def _one(self, recipe: Recipe, name: str) -> TrainedSystem:
        trained = trained_system(recipe, self.trainer, name=name)
        self.folder.log("trained", system=name, seconds=trained.record.seconds)
        return trained

    def evaluated(self, trained: Both[TrainedSystem]) -> RunRecord:
        run, splits, device = self.run, self.splits, self.trainer.device
        reader = self._reader()
        self.trainer.watch.stage("evaluating both systems")
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
        self.trainer.watch.stage("studying the backdoor")
        studied = run_studies(trial, run.evaluation.studies, images=run.evaluation.study_images)
        return run_record(
            run, trial, trained.attacked, outcomes, id=self.folder.id, name=self.folder.path.name,
            judgements=judged, studies=studied, classifier=classifier_figures(reader, trial),
            calibration=len(calibration), speed=self._speed(trained.attacked, device),
            provenance=provenance_of(run, self.material.data, device),
        )  # fmt: skip

    def _defended(self, trial: Trial, trained: Both[TrainedSystem]) -> list[Outcome]:
        around = zipped(zipped(self.runs, self.recipes), trained).map(
            lambda one: surroundings(one[0][0], self.splits, one[0][1], self.trainer, one[1])
        )
        outcomes = []
        for index, spec in enumerate(self.run.defense):
            self.trainer.watch.stage(f"defense {_in_words(spec)}")
            made = make_defense(spec)
            outcome = defend(spec.name, spec.args, made, trial, around, index=index)
            outcomes.append(outcome)
            if outcome.hardened:
                record = self.recipes.attacked.record
                described = {"record": record, "defense": spec.model_dump(mode="json")}
                self.folder.write_hardened(index, to_arrays(**outcome.hardened), described)
        return outcomes

    def _reader(self) -> Reader | None:
        asked, data = self.run.evaluation, self.material.data
        if asked.classifier == "none":
            return None
        found = trained_classifier(
            asked.classifier, self.splits, data.fingerprint, self.trainer,
            epochs=asked.classifier_epochs, seed=self.run.seed,
        )  # fmt: skip
        parameters = sum(p.numel() for p in found.network.parameters())
        record = found.record
        return Reader(record.name, found.classify, parameters, record.epochs, record.test)

    def _speed(self, trained: TrainedSystem, device: torch.device) -> SpeedRecord:
        return speed_of(
            trained, total_seconds=self.clock.seconds(), peak_memory_mib=peak_memory_mib(device)
        )


def _in_words(spec: Spec) -> str:
    return " ".join([spec.name, *(f"{key}={value}" for key, value in spec.args.items())])
