"""What SemBugger's paper leaves open, one option at a time: `python -m benchmarks.sweep`.

Every variant differs from the defaults in one thing; packaged digits, the recipe of the preset
`mnist-sample`, seed 0 (a few with three seeds, which says how much a difference means): about 45
minutes of one core. Writes results/sweeps/sembugger.json and prints the table of
docs/decisions. Finished runs are found in ./runs, so that a stopped sweep goes on.
"""

import json
import sys
from pathlib import Path
from typing import Any

import semvet as sv

SEEDS = (0,)
MORE_SEEDS = {"defaults": (0, 1, 2), "lambda_c 0": (0, 1, 2)}
OUT = Path("results/sweeps/sembugger.json")
FAST = ("evaluation.draws=1", "evaluation.studies=[]", "data.source=sample")
VARIANTS: dict[str, list[str]] = {
    "defaults": [],
    "lambda_a .125": ["attack.lambda_a=.125"],
    "lambda_a .5": ["attack.lambda_a=.5"],
    "lambda_a .8 (the printed .2 at T = 4)": ["attack.lambda_a=.8"],
    "lambda_p 0": ["attack.lambda_p=0"],
    "lambda_p .005": ["attack.lambda_p=.005"],
    "lambda_p .02": ["attack.lambda_p=.02"],
    "lambda_c 0": ["attack.lambda_c=0"],
    "lambda_c .005": ["attack.lambda_c=.005"],
    "lambda_c .08": ["attack.lambda_c=.08"],
    "margin .5": ["attack.margin=.5"],
    "margin 1": ["attack.margin=1"],
    "margin 3": ["attack.margin=3"],
    "Tanimoto instead of SSIM": ["attack.w1=0", "attack.w2=1"],
    "cosine instead of SSIM": ["attack.w1=0", "attack.w3=1"],
    "SSIM, Tanimoto and cosine": ["attack.w2=1", "attack.w3=1"],
    "bound .05": ["attack.bound=.05"],
    "bound .2": ["attack.bound=.2"],
    "bound .4": ["attack.bound=.4"],
    "8-bit trigger in the loop": ["attack.eight_bit=true"],
    "generator rate .25": ["attack.generator_rate=.25"],
    "generator rate 1": ["attack.generator_rate=1"],
    "generator 8, 16": ["attack.generator_widths=[8,16]"],
    "generator 16, 32, 64": ["attack.generator_widths=[16,32,64]"],
    "poison ratio .1": ["attack.poison_ratio=.1"],
    "poison ratio .05": ["attack.poison_ratio=.05"],
    "T = 1": ["attack.levels=1"],
    "T = 2": ["attack.levels=2"],
    "T = 6": ["attack.levels=6"],
    "T = 8": ["attack.levels=8"],
    "T = 8, lambda_a .5": ["attack.levels=8", "attack.lambda_a=.5"],
}


def figures(changes: list[str], seed: int) -> dict[str, Any]:
    record = sv.run("mnist-sample", *FAST, f"seed={seed}", *changes).record
    attacked, triggers = record.systems.attacked, record.attack.triggers
    return {
        "seed": seed,
        "n": attacked.n,
        "asr": attacked.asr,
        "clean_system_asr": record.systems.clean.asr,
        "benign_false_positive": attacked.benign,
        "psnr_db": attacked.psnr_db.value,
        "delta_psnr_db": record.delta_psnr_db.value,
        "ssim": [trigger.ssim for trigger in triggers],
        "l2": [trigger.l2 for trigger in triggers],
    }


def row(name: str, runs: list[dict[str, Any]]) -> str:
    """Weakest ASR, cost and visibility, seed by seed."""

    def cell(key: str, pick: Any, digits: int) -> str:
        return ", ".join(f"{pick(run[key]):.{digits}f}" for run in runs)

    columns = (
        cell("asr", min, 3), cell("delta_psnr_db", float, 2),
        cell("ssim", lambda values: values[-1], 3), cell("l2", lambda values: values[-1], 2),
        cell("benign_false_positive", max, 3),
    )  # fmt: skip
    return f"| {name} | {' | '.join(columns)} |"


def main() -> None:
    wanted = sys.argv[1:]  # parts of names; none: all
    found = json.loads(OUT.read_text()) if OUT.exists() else {}
    for name, changes in VARIANTS.items():
        if wanted and not any(text in name for text in wanted):
            continue
        seeds = MORE_SEEDS.get(name, SEEDS)
        found[name] = {"changes": changes, "runs": [figures(changes, seed) for seed in seeds]}
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(found, indent=1))
        print(row(name, found[name]["runs"]), flush=True)


if __name__ == "__main__":
    main()
