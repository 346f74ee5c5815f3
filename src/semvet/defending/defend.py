"""A defense on the attacked system and on the null control, measured as no defense was."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from semvet.attacks import Attack
from semvet.both import Both, zipped
from semvet.clock import Stopwatch
from semvet.defending.surroundings import Surroundings
from semvet.defenses import Certificate, Defended, Defense
from semvet.defenses.base import Hindsight
from semvet.evaluation.detection import detection_figures, suspicion_figures
from semvet.evaluation.figures import rate, system_figures
from semvet.evaluation.goals import Judge
from semvet.evaluation.measured import MeasuredSystem, Trial
from semvet.evaluation.measurement import Measurement, measure
from semvet.metrics.statistics import mean
from semvet.metrics.visibility import l2
from semvet.randomness import stream
from semvet.records import (
    DefenseRecord,
    DetectionRecord,
    Exhibit,
    SuspicionRecord,
    VoteCertificate,
)
from semvet.records.exhibits import beside, under
from semvet.records.run import Findings
from semvet.systems import Transceiver
from semvet.types import PerImage

RADII = (0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Outcome:
    record: DefenseRecord
    measured: Measurement
    radius: PerImage | None  # certified, for each benign image
    pictures: dict[str, Tensor]  # what the defense itself has to show
    hardened: dict[str, nn.Module]  # a system of its own, to be saved; an attack trained with it


def defend(
    name: str, args: Mapping[str, object], defense: Defense, trial: Trial,
    surroundings: Both[Surroundings], *, index: int,
) -> Outcome:  # fmt: skip
    """Args:
    name, args: of the defense, for the record.
    index: its number in the run, for the names of its pictures.
    """
    device, seed = trial.images.benign.device, trial.seed
    put_on = surroundings.map(
        lambda one: one.put_on(defense, rng=stream(seed, "defense", device=device))
    )
    defended = put_on.map(lambda both: both[0])
    again = put_on.attacked[1]
    attack = again or trial.attack
    watch = Stopwatch(device)
    after = _measured(defended.attacked, trial.both.attacked, attack, trial)
    seconds = watch.seconds()
    measured = Both(
        attacked=after, clean=_measured(defended.clean, trial.both.clean, attack, trial)
    )
    judges = trial.both.map(lambda one: one.judge)
    certificate, certified = _certificate(defended.attacked, judges.attacked, after, trial)
    hindsight, looked_back = _hindsight(defended.attacked, attack, trial)
    shown = _beside(defended) + looked_back
    record = DefenseRecord(
        name=name,
        args=dict(args),
        vantage=tuple(v.name for v in defense.vantage if v.name),
        after=zipped(measured, judges).map(lambda both: system_figures(*both)),
        channel_uses_factor=defended.attacked.channel_uses_factor,
        ms_per_image=1000 * seconds / (len(after.sent) + len(after.hosts) * attack.levels),
        findings=defended.map(lambda one: one.findings),
        hindsight=hindsight,
        detection=_detected(defended, measured, judges, seed=seed),
        suspicion=_suspected(defended, surroundings),
        certificate=certified,
        exhibits=tuple(under(one, f"defense/{index}/own") for one in shown),
    )
    hardened: dict[str, nn.Module] = {}
    link = defended.attacked.link
    if isinstance(link, Transceiver) and link is not trial.both.attacked.link:
        hardened = {"link": link} | ({"attack": again} if again else {})
    radius = certificate.radius if certificate else None
    return Outcome(record, after, radius, defended.attacked.pictures, hardened)


def _measured(
    defended: Defended, system: MeasuredSystem, attack: Attack, trial: Trial
) -> Measurement:
    return measure(
        defended.link, attack, trial.aim, trial.few, system.judge, nominal=system.link.nominal,
        seed=trial.seed, draws=1,
    )  # fmt: skip


def _detected(
    defended: Both[Defended], measured: Both[Measurement], judges: Both[Judge], *, seed: int
) -> Both[DetectionRecord] | None:
    ours, theirs = defended.attacked.detection, defended.clean.detection
    if ours is None or theirs is None:
        return None
    return Both(
        attacked=detection_figures(ours, measured.attacked, judges.attacked, seed=seed),
        clean=detection_figures(theirs, measured.clean, judges.clean, seed=seed),
    )


def _suspected(
    defended: Both[Defended], surroundings: Both[Surroundings]
) -> Both[SuspicionRecord] | None:
    ours, theirs = defended.attacked.suspicion, defended.clean.suspicion
    if ours is None or theirs is None:
        return None
    return Both(
        attacked=suspicion_figures(ours, surroundings.attacked.truth(ours)),
        clean=suspicion_figures(theirs, surroundings.clean.truth(theirs)),
    )


def _beside(defended: Both[Defended]) -> tuple[Exhibit, ...]:
    """The attacked system's, with the clean one's rows in its tables."""
    theirs = {(one.kind, one.key): one for one in defended.clean.exhibits}
    return tuple(
        beside("attacked", one, "clean", theirs.get((one.kind, one.key)))
        for one in defended.attacked.exhibits
    )


def _hindsight(
    defended: Defended, attack: Attack, trial: Trial
) -> tuple[Findings | None, tuple[Exhibit, ...]]:
    """What the attacker could have told the defense; nothing for triggers outside the image."""
    if defended.look_back is None or trial.aim.targets is None or not attack.in_image:
        return None, ()
    x = trial.few.benign
    known = Hindsight(x, lambda part: attack.trigger(part, level=attack.levels), attack.targets[-1])
    return defended.look_back(known, stream(trial.seed, "pruning study", device=x.device))


@torch.no_grad()
def _certificate(
    defended: Defended, judge: Judge, after: Measurement, trial: Trial
) -> tuple[Certificate | None, VoteCertificate | None]:
    if defended.certify is None or not trial.aim.words.benign_can_hit:
        return None, None  # no vote on what is not there
    x = after.sent
    one = defended.certify(x, judge.any_hit, stream(trial.seed, "certify", device=x.device))
    sizes = [l2(after.hosts, x_k) for x_k in after.triggered]
    certified = one.radius > 0
    record = VoteCertificate(
        of="the vote J of Theorem 3, not the average that is deployed",
        n=len(x),
        alpha=one.alpha,
        copies=one.copies,
        radii=RADII,
        certified_accuracy=tuple(rate(one.radius > r) for r in RADII),
        mean_radius=mean(one.radius),
        median_radius=float(one.radius.median()),
        abstains=rate(~certified),
        violates_assumption_2=rate(one.safe_share < 0.5),
        certified_coverage=tuple(rate(certified & (size <= one.radius)) for size in sizes),
    )
    return one, record
