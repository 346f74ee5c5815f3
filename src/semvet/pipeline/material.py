"""The data of a run: images, candidate targets from elsewhere, and the fingerprint of both."""

from dataclasses import dataclass

from semvet.catalog import make_source
from semvet.config import Run
from semvet.data import DataSet, ImageSet, Splits, split, targets_from, targets_from_folder


@dataclass(frozen=True)
class Material:
    data: DataSet
    targets: ImageSet | None  # None: from the training images
    fingerprint: str

    def splits(self, run: Run) -> Splits:
        return split(self.data, seed=run.seed, targets=self.targets, images=run.training.images)


def load_material(run: Run) -> Material:
    """Of a resolved run. Raises DataError for data that are not there or not intact."""
    data = make_source(run.data).load()
    targets = _targets(run, data)
    fingerprint = data.fingerprint
    if targets is not None:  # their pixels decide the numbers too
        fingerprint += "+" + DataSet(targets, targets, "").fingerprint
    return Material(data, targets, fingerprint)


def _targets(run: Run, data: DataSet) -> ImageSet | None:
    asked = run.targets
    if asked.folder:
        return targets_from_folder(asked.folder, shape=data.shape, fit=asked.fit)
    if asked.data:
        images = make_source(asked.data).load().train
        return targets_from(
            images, asked.data.name, label=asked.label, shape=data.shape, fit=asked.fit
        )
    return None
