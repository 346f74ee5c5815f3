"""Everything that can be refused is refused here, before hours are spent on training.

    judge, batches, classifier     are there enough images of the right kind?
    attack                         poison, trigger, scaled, operating_point: tried on a few images
    defenses                       can they work on this system?

A plug-in that is not semvet's own may return anything; what it returns here is what it will return
after the training.
"""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path

import torch
from torch import Tensor

from semvet.attacks import Attack, Controls
from semvet.catalog import make_defense
from semvet.channels import Channel, OperatingPoint
from semvet.config import Run, nearest
from semvet.data import Splits
from semvet.errors import ConfigError, SemvetError
from semvet.evaluation.goals import MOST_CALIBRATION, aim_of
from semvet.evaluation.studies import STUDIES
from semvet.pipeline.recipes import untrained
from semvet.randomness import stream
from semvet.systems import Transceiver
from semvet.training.batches import Batches
from semvet.training.classifier import make_classifier
from semvet.training.poisoning import as_pairs
from semvet.types import Images, Pairs, to_images

TRIED = 4  # images
STRENGTHS = (0.0, 0.5, 1.5)  # of the trigger, as the study of intensity has them


def preflight(run: Run, splits: Splits) -> None:
    """Raises ConfigError or DefenseError: whatever this run's parts say to this run's data."""
    for name in run.evaluation.studies:
        if name not in STUDIES:
            raise ConfigError(f"evaluation.studies: no study {name!r}; {nearest(name, STUDIES)}")
    _require_classes(run, splits)
    link, attack = untrained(run, splits)
    calibration = min(len(splits.calibration), MOST_CALIBRATION)
    aim_of(attack).require(run.evaluation.judge, calibration, alpha=run.evaluation.alpha)
    with _tried(attack, f"attack {run.attack.name}: poison"):
        pairs = attack.poison(as_pairs(splits.train), rng=stream(run.seed, "poison"))
    _require_pairs(run.attack.name, attack, pairs, as_pairs(splits.train))
    for level in (pairs.level, torch.zeros_like(pairs.level)):  # the attacked and the clean system
        separate = Controls.TRAINING in attack.controls and bool(level.any())
        Batches(level, batch=run.training.batch, separate=separate, seed=run.seed)
    _try_triggers(run, attack, link, to_images(splits.train.pixels[:TRIED]))
    for spec in run.defense:
        make_defense(spec).refuse(link)


def _require_classes(run: Run, splits: Splits) -> None:
    name = run.evaluation.classifier
    if name == "none":
        return
    count = len(splits.train.label[splits.train.label >= 0].unique())
    if count < 2:
        raise ConfigError(
            f"evaluation.classifier: {name} needs images of two classes or more, the training "
            f"images have {count}; take labelled data, or evaluation.classifier=none"
        )
    with torch.device("meta"):  # is its package there?
        make_classifier(name, splits.train, seed=run.seed)


def _require_pairs(name: str, attack: Attack, pairs: object, given: Pairs) -> None:
    if not isinstance(pairs, Pairs):
        raise ConfigError(f"attack {name}: poison returned {_kind(pairs)}; allowed: Pairs")
    for what in ("sent", "wanted", "level", "label"):
        value, expected = getattr(pairs, what), getattr(given, what)
        if _kind(value) != _kind(expected):
            raise ConfigError(
                f"attack {name}: poison returned {_kind(value)} as `{what}`; allowed: "
                f"{_kind(expected)}, as it was given"
            )
    low, high = int(pairs.level.min()), int(pairs.level.max())
    if low < 0 or high > attack.levels:
        raise ConfigError(
            f"attack {name}: poison returned levels from {low} to {high}; allowed: 0 (benign) to "
            f"{attack.levels}"
        )


@torch.no_grad()
def _try_triggers(run: Run, attack: Attack, link: Transceiver, x: Images) -> None:
    name = f"attack {run.attack.name}"
    for level in range(attack.levels + 1):
        with _tried(attack, f"{name}: trigger(x, level={level})"):
            made = attack.trigger(x, level=level)
        _require_like(made, x, f"{name}: trigger(x, level={level})")
        if level == 0 and not torch.equal(made, x):
            raise ConfigError(f"{name}: trigger(x, level=0) changed x; allowed: x itself")
        with _tried(attack, f"{name}: operating_point(nominal, level={level})"):
            point = attack.operating_point(link.nominal, level=level)
        _require_point(point, f"{name}: operating_point(nominal, level={level})")
        with _tried(attack, f"{name}, system {run.system.name}, channel {run.channel.name}"):
            link.eval()(made, rng=stream(run.seed, "preflight"), at=point)
    for strength in STRENGTHS:
        with _tried(attack, f"{name}: scaled(x, intensity={strength})"):
            made = attack.scaled(x, intensity=strength)
        _require_like(made, x, f"{name}: scaled(x, intensity={strength})")


def _require_like(made: object, x: Images, call: str) -> None:
    """Raises ConfigError unless `made` may be sent in place of `x`."""
    allowed = f"allowed: {_kind(x)}, finite and within [0, 1]"
    if not isinstance(made, Tensor) or _kind(made) != _kind(x):
        raise ConfigError(f"{call} returned {_kind(made)}; {allowed}")
    if not made.isfinite().all():
        raise ConfigError(f"{call} returned NaN or infinity; {allowed}")
    low, high = float(made.min()), float(made.max())
    if low < 0 or high > 1:
        raise ConfigError(f"{call} returned values from {low:.4g} to {high:.4g}; {allowed}")


def _require_point(point: object, call: str) -> None:
    if point is None:
        return
    if not (isinstance(point, OperatingPoint) and isinstance(point.channel, Channel)):
        raise ConfigError(f"{call} returned {_kind(point)}; allowed: None, or an OperatingPoint")
    if not isfinite(point.snr_db):
        raise ConfigError(f"{call} returned an SNR of {point.snr_db} dB; allowed: a finite one")


def _kind(value: object) -> str:
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"


@contextmanager
def _tried(attack: Attack, what: str) -> Iterator[None]:
    """Whatever a plug-in raises, as a ConfigError with the place in its file."""
    try:
        yield
    except SemvetError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = getattr(sys.modules.get(type(attack).__module__), "__file__", None)
        place = ([frame for frame in frames if frame.filename == own] or list(frames))[-1]
        raise ConfigError(
            f"{what} raised {type(error).__name__} ({Path(place.filename).name}, line "
            f"{place.lineno}): {error}"
        ) from error
