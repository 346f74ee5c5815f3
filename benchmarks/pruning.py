"""What the audits of BASS find in finished runs: `python -m benchmarks.pruning RUN_FOLDER ...`.

Median-activation pruning on each run's attacked and clean system, with what only the attacker could
know beside it, and trigger inversion with the other runs' clean systems of the same data and width
as references, if `--inversion` asks for it. Trains nothing. Adds one entry for each run to
results/defenses/pruning.json, over the one of the same data, width, poison ratio and seed. The
stored figures are of

    semvet run quick data=mnist system.width=16 seed=0 snr_db=13 attack=bass training.images=20000
        training.epochs=20 attack.poison_ratio=.05
"""

import json
import sys
from pathlib import Path
from typing import Any

from semvet.attacks import BASS
from semvet.defenses import View
from semvet.defenses.base import MOST_IMAGES
from semvet.defenses.median_pruning import MedianPruning
from semvet.defenses.trigger_inversion import MUCH_LESS, Inversion, TriggerInversion
from semvet.metrics.psnr import psnr_db
from semvet.metrics.statistics import mean
from semvet.randomness import permutation, stream
from semvet.stages.detection import suspicion_figures
from semvet.stages.evaluate import transmit
from semvet.stages.machine import pick_device
from semvet.stages.pruning_study import pruning_study
from semvet.stages.reload import Reloaded, reload
from semvet.stages.train import poisoned_pairs
from semvet.store import RunFolder
from semvet.systems import TrainableLink
from semvet.types import Flags, Images, to_images

OUT = Path(__file__).parents[1] / "results" / "defenses" / "pruning.json"
TESTED = 500
REFERENCES = 2
VARIANTS: dict[str, dict[str, Any]] = {
    "sound": {},
    "edge padding": {"padding": "edge"},
    "counts and average as printed": {"counts": "literal", "average": "literal"},
}
KEY = ("data", "width", "poison_ratio", "seed")


def main(arguments: list[str]) -> None:
    folders = [RunFolder(Path(name)) for name in arguments if not name.startswith("--")]
    runs = [reload(folder, device=pick_device("auto")) for folder in folders]
    inverted = [invert(one) if "--inversion" in arguments else {} for one in runs]
    for one, found in zip(runs, inverted, strict=True):
        clean = [
            theirs["received"]["clean"]
            for other, theirs in zip(runs, inverted, strict=True)
            if other is not one
            and alike(other) == alike(one)
            and "clean" in theirs.get("received", {})
        ]
        entry = facts(one) | {"pruning": pruning(one)}
        entry["inversion"] = {
            compare: {
                system: judged(one, system, i, clean[:REFERENCES] if compare == "received" else [])
                for system, i in systems.items()
            }
            for compare, systems in found.items()
        }
        store(entry)
        show(entry)


def facts(one: Reloaded) -> dict[str, Any]:
    run = one.run
    return {
        "data": run.data.name,
        "system": run.system.name,
        "width": run.system.args.get("width"),
        "poison_ratio": run.attack.args["poison_ratio"],
        "seed": run.seed,
        "snr_db": run.snr_db,
        "training_images": len(one.splits.train),
        "epochs": run.training.epochs,
    }


def alike(one: Reloaded) -> tuple[Any, ...]:
    """Equal for systems that may be each other's references."""
    return (*(facts(one)[key] for key in ("data", "system", "width", "snr_db")),)


def seen(one: Reloaded) -> tuple[Images, Flags]:
    """The auditor's images, and which of them carry a trigger."""
    pairs = poisoned_pairs(one.run, one.attack, one.splits)
    order = permutation(len(pairs), rng=stream(one.run.seed, "a defense's images"))[:MOST_IMAGES]
    device = next(one.link.parameters()).device
    return to_images(pairs.sent[order].to(device)), pairs.level[order] > 0


def test_images(one: Reloaded) -> Images:
    device = next(one.link.parameters()).device
    return to_images(one.splits.test.pixels[:TESTED].to(device))


def pruning(one: Reloaded) -> dict[str, Any]:
    """Each variant's labels and ratio, and what every ratio does (it differs by `counts` only)."""
    images, truth = seen(one)
    found: dict[str, Any] = {}
    for name, config in VARIANTS.items():
        for system, link in (("attacked", one.link), ("clean", one.clean)):
            if link is None:
                continue
            defense = MedianPruning(**config)
            view = View(defense.vantage, link, images=images)
            defended = defense.apply(view, rng=stream(one.run.seed, "defense"))
            findings = defended.findings
            assert defended.suspicion is not None
            entry = {
                "findings": {k: v for k, v in findings.items() if k not in ("medians", "pruned")},
                "kernels_pruned": [len(kernels) for kernels in findings["pruned"]],
                "labels": suspicion_figures(defended.suspicion, truth),
            }
            if "padding" not in config:
                entry["study"] = pruning_study(
                    link, one.attack, test_images(one), defense, findings, seed=one.run.seed
                )
            found.setdefault(name, {})[system] = entry
    return found


def invert(one: Reloaded) -> dict[str, dict[str, Inversion]]:
    """By what is compared, then by system; the clean system by what is received only."""
    images, _ = seen(one)
    found: dict[str, dict[str, Inversion]] = {}
    for compare, system, link in (
        ("received", "attacked", one.link),
        ("received", "clean", one.clean),
        ("features", "attacked", one.link),
    ):
        if link is not None:
            defense = TriggerInversion(compare=compare)  # type: ignore[arg-type]
            inverted = defense.invert(link, images, rng=stream(one.run.seed, "defense"))
            found.setdefault(compare, {})[system] = inverted
            print(f"inverted: {system} system, by {compare}", file=sys.stderr)
    return found


def judged(
    one: Reloaded, system: str, found: Inversion, references: list[Inversion]
) -> dict[str, Any]:
    link = one.link if system == "attacked" else one.clean
    assert link is not None
    scores = [reference.area for reference in references]
    return {
        "score": found.area,
        "reference_scores": scores,
        "backdoor_found": found.area < MUCH_LESS * min(scores) if scores else None,
        "lambda": found.penalty,
        "spread": found.spread,
        **beside_the_truth(one, link, found),
    }


def beside_the_truth(one: Reloaded, link: TrainableLink, inverted: Inversion) -> dict[str, Any]:
    attack, x, seed = one.attack, test_images(one), one.run.seed
    assert isinstance(attack, BASS)
    true, ours = attack.patch.keep[0] == 0, inverted.keep[0] < 0.5
    target = attack.targets[0].expand_as(x)

    def to_target(sent: Images) -> float:
        return mean(psnr_db(transmit(link, sent, seed=seed, purpose="inversion"), target))

    return {
        "iou": float((true & ours).sum() / (true | ours).sum()),
        "to_target_db": to_target(inverted(x)),
        "true_trigger_to_target_db": to_target(attack.trigger(x, level=1)),
    }


def store(entry: dict[str, Any]) -> None:
    entries = json.loads(OUT.read_text()) if OUT.exists() else []
    others = [e for e in entries if any(e[key] != entry[key] for key in KEY)]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    ordered = sorted([*others, entry], key=lambda e: [e[key] for key in KEY])
    lines = ",\n".join(json.dumps(rounded(one)) for one in ordered)
    OUT.write_text(f"[\n{lines}\n]\n")


def rounded(value: Any) -> Any:
    """Four decimals, everywhere in a record."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(value, 4) if isinstance(value, float) else value


def show(entry: dict[str, Any]) -> None:
    print(*(f"{key}={entry[key]}" for key in KEY))
    for name, systems in entry["pruning"].items():
        for system, found in systems.items():
            labels, ratio = found["labels"], found["findings"]["ratio"]
            line = f"  {name}, {system}: F1 {labels.get('f1', 0):.3f}, ratio {ratio}"
            if study := found.get("study"):
                at = study["ratios"].index(ratio or 0)
                best = study["ratios"].index(study["best_ratio"])
                figures = ("clean_psnr_db", "target_psnr_db", "recovered_psnr_db")
                line += f", there {[round(study[f][at], 1) for f in figures]}"
                line += f"; P2 {study['best_ratio']} {[round(study[f][best], 1) for f in figures]}"
            print(line)
    for compare, systems in entry.get("inversion", {}).items():
        for system, found in systems.items():
            print(
                f"  inversion by {compare}, {system}: found {found['backdoor_found']}, "
                f"score {found['score']:.3f} against {found['reference_scores']}, "
                f"IoU {found['iou']:.2f}, {found['to_target_db']:.1f} dB to the target "
                f"(true trigger {found['true_trigger_to_target_db']:.1f})",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
