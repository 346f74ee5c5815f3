"""What the audits of BASS find in finished runs; trains nothing.

    python -m experiments.pruning runs/RUN ... [--inversion]

Median-activation pruning on each run's attacked and clean system, with what only the attacker could
know beside it, and trigger inversion with the other runs' clean systems of the same data and width
as references, if `--inversion` asks for it. Adds one entry for each run to
results/defenses/pruning.json, over the one of the same data, width, poison ratio and seed. The
stored figures are of

    semvet run mnist-sample data=mnist system.width=16 seed=0 snr_db=13 attack=bass
        training.images=20000 training.epochs=20 attack.poison_ratio=.05
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

import semvet as sv
from experiments.command import parser, start
from experiments.records.pruning import (
    PRUNING,
    SOUND,
    Entry,
    EveryRatio,
    Inverted,
    Pruned,
    add_entry,
)
from semvet.attacks import BASS
from semvet.defenses import View
from semvet.defenses.base import MOST_IMAGES, Hindsight
from semvet.defenses.median_pruning import MedianPruning
from semvet.defenses.trigger_inversion import MUCH_LESS, Inversion, TriggerInversion
from semvet.defenses.weights.knee import find_knee
from semvet.errors import ConfigError
from semvet.evaluation.detection import suspicion_figures
from semvet.evaluation.sending import transmit
from semvet.metrics.psnr import psnr_db
from semvet.metrics.statistics import mean
from semvet.pipeline.reload import Reloaded, reload
from semvet.randomness import permutation, stream
from semvet.systems import Transceiver
from semvet.training.machine import pick_device
from semvet.training.poisoning import poisoned
from semvet.types import Flags, Images, to_images

TESTED = 500
REFERENCES = 2
STEPS = 250  # of an inversion
PRINTED = "counts and average as printed"
Inversions = Mapping[str, Mapping[str, Inversion]]  # by what is compared, then by system


def main(words: Sequence[str] | None = None) -> None:
    ask = parser("pruning", __doc__)
    ask.add_argument("runs", nargs="+", metavar="RUN", help="folder, name or id of a finished run")
    ask.add_argument("--inversion", action="store_true", help="trigger inversion as well: slow")
    ask.add_argument(
        "--steps", type=int, default=STEPS, help=f"of an inversion, {STEPS} in the stored figures"
    )
    ask.add_argument("--out", type=Path, help=f"another file than {PRUNING.name}")
    asked = ask.parse_args(words)
    if asked.steps != STEPS and not asked.out:
        ask.error("--steps needs --out FILE: figures of other steps are no results")
    audited = [Audited(reload_bass(name)) for name in asked.runs]
    inverted = [one.inversions(asked.steps) if asked.inversion else {} for one in audited]
    for one, found in zip(audited, inverted, strict=True):
        references = [
            theirs["received"]["clean"]
            for other, theirs in zip(audited, inverted, strict=True)
            if other is not one
            and other.alike == one.alike
            and "clean" in theirs.get("received", {})
        ]
        entry = one.entry(found, references[:REFERENCES])
        add_entry(asked.out or PRUNING, entry)
        show(entry)


def reload_bass(name: str) -> Reloaded:
    """Raises ConfigError for a run of another attack: only BASS has a patch to be found."""
    one = reload(sv.load(name).folder, device=pick_device("auto"))
    if not isinstance(one.attack, BASS):
        raise ConfigError(f"{name}: its attack is {one.run.attack.name}; allowed: attack=bass")
    return one


@dataclass(frozen=True)
class Audited:
    """A finished run under BASS, with what its auditor sees."""

    of: Reloaded

    @property
    def alike(self) -> tuple[object, ...]:
        """Equal for systems that may be each other's references."""
        run = self.of.run
        return run.data.name, run.system.name, run.system.args.get("width"), run.snr_db

    @property
    def links(self) -> dict[str, Transceiver]:
        found = {"attacked": self.of.link, "clean": self.of.clean}
        return {system: link for system, link in found.items() if link is not None}

    @property
    def attack(self) -> BASS:
        assert isinstance(self.of.attack, BASS)
        return self.of.attack

    @property
    def device(self) -> torch.device:
        return next(self.of.link.parameters()).device

    @cached_property
    def seen(self) -> tuple[Images, Flags]:
        """The auditor's images, and which of them carry a trigger."""
        seed = self.of.run.seed
        pairs = poisoned(self.of.splits.train, self.attack, seed=seed)
        order = permutation(len(pairs), rng=stream(seed, "a defense's images"))[:MOST_IMAGES]
        return to_images(pairs.sent[order].to(self.device)), pairs.level[order] > 0

    @property
    def test_images(self) -> Images:
        return to_images(self.of.splits.test.pixels[:TESTED].to(self.device))

    def entry(self, found: Inversions, references: Sequence[Inversion]) -> Entry:
        run, sound = self.of.run, MedianPruning()
        literal = MedianPruning(counts="literal", average="literal")
        return Entry(
            data=run.data.name,
            system=run.system.name,
            width=run.system.args["width"],
            poison_ratio=run.attack.args["poison_ratio"],
            seed=run.seed,
            snr_db=run.snr_db,
            training_images=len(self.of.splits.train),
            epochs=run.training.epochs,
            pruning={
                SOUND: {system: self.pruned(link, sound) for system, link in self.links.items()},
                PRINTED: {"attacked": self.pruned(self.of.link, literal)},
            },
            inversion={
                compare: {
                    system: self.judged(system, one, references if compare == "received" else [])
                    for system, one in systems.items()
                }
                for compare, systems in found.items()
            },
        )

    def pruned(self, link: Transceiver, defense: MedianPruning) -> Pruned:
        """Labels, ratio, and what every ratio does."""
        images, truth = self.seen
        rng = stream(self.of.run.seed, "defense", device=self.device)
        defended = defense.apply(View(defense.vantage, link, images=images), rng=rng)
        assert defended.suspicion is not None
        assert defended.look_back is not None
        known = Hindsight(
            self.test_images, lambda x: self.attack.trigger(x, level=1), self.attack.targets[0]
        )
        rng = stream(self.of.run.seed, "pruning study", device=self.device)
        study, _ = defended.look_back(known, rng)
        found = defended.findings
        return Pruned(
            findings={k: v for k, v in found.items() if k not in ("medians", "pruned")},
            kernels_pruned=tuple(len(kernels) for kernels in found["pruned"]),
            edge_padding_d_c=with_edges(found["curve_flagged"], found["ratios"]),
            labels=suspicion_figures(defended.suspicion, truth),
            study=EveryRatio.model_validate(study),
        )

    def inversions(self, steps: int) -> Inversions:
        """The clean system by what is received only."""
        found: dict[str, dict[str, Inversion]] = {}
        for compare, system in (
            ("received", "attacked"), ("received", "clean"), ("features", "attacked")
        ):  # fmt: skip
            if system not in self.links:
                continue
            defense = TriggerInversion(compare=compare, steps=steps)  # type: ignore[arg-type]
            rng = stream(self.of.run.seed, "defense", device=self.device)
            inverted = defense.invert(self.links[system], self.seen[0], rng=rng)
            found.setdefault(compare, {})[system] = inverted
            print(f"inverted: {system} system, by {compare}", file=sys.stderr)
        return found

    def judged(self, system: str, one: Inversion, references: Sequence[Inversion]) -> Inverted:
        """Beside the references, and beside the true trigger."""
        link, attack, x = self.links[system], self.attack, self.test_images
        true, ours = attack.patch.keep[0] == 0, one.keep[0] < 0.5
        target = attack.targets[0].expand_as(x)
        scores = tuple(reference.area for reference in references)

        def to_target(sent: Images) -> float:
            seed = self.of.run.seed
            return mean(psnr_db(transmit(link, sent, seed=seed, purpose="inversion"), target))

        return Inverted(
            score=one.area,
            reference_scores=scores,
            backdoor_found=one.area < MUCH_LESS * min(scores) if scores else None,
            penalty=one.penalty,
            spread=one.spread,
            iou=float((true & ours).sum() / (true | ours).sum()),
            to_target_db=to_target(one(x)),
            true_trigger_to_target_db=to_target(attack.trigger(x, level=1)),
        )


def with_edges(curve: Sequence[float], ratios: Sequence[float]) -> tuple[float, ...]:
    """d_c of the same curve without zeros at its ends."""
    both = torch.tensor(curve), torch.tensor(ratios)
    return tuple(find_knee(*both, window=3, average="sound", padding="edge").d.tolist())


def show(entry: Entry) -> None:
    data, width, poison_ratio, seed = entry.key
    print(f"{data=!s} {width=} {poison_ratio=} {seed=}")
    for name, systems in entry.pruning.items():
        for system, pruned in systems.items():
            ratio, best = pruned.findings["ratio"], pruned.study.best_ratio
            print(
                f"  {name}, {system}: F1 {pruned.labels.f1 or 0:.3f}, ratio {ratio}, "
                f"there {at(pruned.study, ratio or 0.0)}; P2 {best} {at(pruned.study, best)}"
            )
    for compare, inverted in entry.inversion.items():
        for system, one in inverted.items():
            print(
                f"  inversion by {compare}, {system}: found {one.backdoor_found}, "
                f"score {one.score:.3f} against {list(one.reference_scores)}, "
                f"IoU {one.iou:.2f}, {one.to_target_db:.1f} dB to the target "
                f"(true trigger {one.true_trigger_to_target_db:.1f})",
                flush=True,
            )


def at(study: EveryRatio, ratio: float) -> list[float]:
    return [round(value, 1) for value in study.at(ratio)]


if __name__ == "__main__":
    start(main)
