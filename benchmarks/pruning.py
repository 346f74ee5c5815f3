"""What the audits of BASS find in finished runs: `python -m benchmarks.pruning RUN_FOLDER ...`.

Median-activation pruning on each run's attacked and clean system, with what only the attacker could
know beside it, and trigger inversion with the other runs' clean systems of the same data and width
as references, if `--inversion` asks for it. Trains nothing. Adds one entry for each run to
results/defenses/pruning.json, over the one of the same data, width, poison ratio and seed. The
stored figures are of

    semvet run mnist-sample data=mnist system.width=16 seed=0 snr_db=13 attack=bass
        training.images=20000 training.epochs=20 attack.poison_ratio=.05
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from semvet.evaluation.studies.pruning import pruning_study

from semvet.attacks import BASS
from semvet.defenses import View
from semvet.defenses.base import MOST_IMAGES
from semvet.defenses.median_pruning import MedianPruning
from semvet.defenses.trigger_inversion import MUCH_LESS, Inversion, TriggerInversion
from semvet.defenses.weights.knee import find_knee
from semvet.evaluation.detection import suspicion_figures
from semvet.evaluation.measurement import transmit
from semvet.metrics.psnr import psnr_db
from semvet.metrics.statistics import mean
from semvet.pipeline.reload import Reloaded, reload
from semvet.randomness import permutation, stream
from semvet.store import RunFolder
from semvet.systems import Transceiver
from semvet.training.machine import pick_device
from semvet.training.trained import poisoned_pairs
from semvet.types import Flags, Images, to_images

OUT = Path(__file__).parents[1] / "results" / "defenses" / "pruning.json"
TESTED = 500
REFERENCES = 2
VARIANTS: dict[str, dict[str, Any]] = {
    "sound": {},
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
    """Labels, ratio, and what every ratio does. The clean system in the sound variant only."""
    images, truth = seen(one)
    found: dict[str, Any] = {}
    for name, system, link in (
        ("sound", "attacked", one.link),
        ("sound", "clean", one.clean),
        ("counts and average as printed", "attacked", one.link),
    ):
        if link is None:
            continue
        defense = MedianPruning(**VARIANTS[name])
        view = View(defense.vantage, link, images=images)
        defended = defense.apply(view, rng=stream(one.run.seed, "defense"))
        findings = defended.findings
        assert defended.suspicion is not None
        found.setdefault(name, {})[system] = {
            "findings": {k: v for k, v in findings.items() if k not in ("medians", "pruned")},
            "kernels_pruned": [len(kernels) for kernels in findings["pruned"]],
            "edge_padding_d_c": with_edges(findings),
            "labels": suspicion_figures(defended.suspicion, truth),
            "study": pruning_study(
                link, one.attack, test_images(one), defense, findings, seed=one.run.seed
            ),
        }
    return found


def with_edges(findings: dict[str, Any]) -> list[float]:
    """d_c of the same curve without zeros at its ends."""
    curve, ratios = torch.tensor(findings["curve_flagged"]), torch.tensor(findings["ratios"])
    return find_knee(curve, ratios, window=3, average="sound", padding="edge").d.tolist()


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


def beside_the_truth(one: Reloaded, link: Transceiver, inverted: Inversion) -> dict[str, Any]:
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
            study, ratio = found["study"], found["findings"]["ratio"]
            print(
                f"  {name}, {system}: F1 {found['labels'].get('f1', 0):.3f}, ratio {ratio}, "
                f"there {at(study, ratio or 0.0)}; P2 {study['best_ratio']} "
                f"{at(study, study['best_ratio'])}"
            )
    for compare, systems in entry.get("inversion", {}).items():
        for system, found in systems.items():
            print(
                f"  inversion by {compare}, {system}: found {found['backdoor_found']}, "
                f"score {found['score']:.3f} against {found['reference_scores']}, "
                f"IoU {found['iou']:.2f}, {found['to_target_db']:.1f} dB to the target "
                f"(true trigger {found['true_trigger_to_target_db']:.1f})",
                flush=True,
            )


def at(study: dict[str, Any], ratio: float) -> list[float]:
    """PSNR in dB: benign, triggered to the target, triggered to the original."""
    i = study["ratios"].index(ratio)
    names = ("clean_psnr_db", "target_psnr_db", "recovered_psnr_db")
    return [round(study[name][i], 1) for name in names]


if __name__ == "__main__":
    main(sys.argv[1:])
