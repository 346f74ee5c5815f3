"""Studies of a trained backdoor: how much of it is needed, and what it survives.

cropping, intensity   only where the trigger is in the image
robustness            unless what lies between both ends is the trigger

Each is measured on the attacked and on the clean system, each judged by its own judge.
"""

from typing import Any

import torch

from semvet.attacks import Attack
from semvet.config import Run
from semvet.evaluation.studies.cropping import cropping
from semvet.evaluation.studies.intensity import intensity
from semvet.evaluation.studies.robustness import robustness
from semvet.evaluation.subject import Subject


def studies(run: Run, attack: Attack, attacked: Subject, clean: Subject) -> dict[str, Any]:
    """Figures by the study's name; those that mean nothing for this attack are left out."""
    wanted, images, seed = run.evaluation.studies, run.evaluation.study_images, run.seed
    measured, nominal = attacked.measured, attacked.link.nominal
    changes = attack.in_image and not torch.equal(measured.triggered[-1], measured.hosts)
    levels = range(1, attack.levels + 1)
    found: dict[str, Any] = {}
    if changes and "cropping" in wanted:
        found["cropping"] = cropping(attacked, clean, images=images, seed=seed)
    if changes and "intensity" in wanted:
        found["intensity"] = intensity(attack, attacked, clean, images=images, seed=seed)
    if "robustness" in wanted and all(
        attack.operating_point(nominal, level=k) is None for k in levels
    ):
        found["robustness"] = robustness(attacked, clean, images=images, seed=seed, coded=changes)
    return found
