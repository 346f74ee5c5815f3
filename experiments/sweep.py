"""What SemBugger's paper leaves open, one option at a time.

    python -m experiments.sweep                    every variant, about 45 minutes of one core
    python -m experiments.sweep "margin" "T = 1"   those whose names hold one of these

Every variant differs from the defaults in one thing; packaged digits, the recipe of the preset
`mnist-sample`, seed 0 (a few with three seeds, which says how much a difference means). Adds to
results/sweeps/sembugger.json and prints the table of decision D-009. Finished runs are found in
./runs, so that a stopped sweep goes on.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import semvet as sv
from experiments.command import parser, start
from experiments.records.files import write_results
from experiments.records.sweep import SWEEP, VARIANTS, Figures, Variant, read_sweep

SEEDS = (0,)
MORE_SEEDS = {"defaults": (0, 1, 2), "lambda_c 0": (0, 1, 2)}
QUICK = (
    "training.images=640",
    "training.epochs=1",
    "evaluation.images=50",
    "evaluation.alpha=.1",
)
FAST = ("evaluation.draws=1", "evaluation.studies=[]", "data.source=sample")
CHANGES: dict[str, tuple[str, ...]] = {
    "defaults": (),
    "lambda_a .125": ("attack.lambda_a=.125",),
    "lambda_a .5": ("attack.lambda_a=.5",),
    "lambda_a .8 (the printed .2 at T = 4)": ("attack.lambda_a=.8",),
    "lambda_p 0": ("attack.lambda_p=0",),
    "lambda_p .005": ("attack.lambda_p=.005",),
    "lambda_p .02": ("attack.lambda_p=.02",),
    "lambda_c 0": ("attack.lambda_c=0",),
    "lambda_c .005": ("attack.lambda_c=.005",),
    "lambda_c .08": ("attack.lambda_c=.08",),
    "margin .5": ("attack.margin=.5",),
    "margin 1": ("attack.margin=1",),
    "margin 3": ("attack.margin=3",),
    "Tanimoto instead of SSIM": ("attack.w1=0", "attack.w2=1"),
    "cosine instead of SSIM": ("attack.w1=0", "attack.w3=1"),
    "SSIM, Tanimoto and cosine": ("attack.w2=1", "attack.w3=1"),
    "bound .05": ("attack.bound=.05",),
    "bound .2": ("attack.bound=.2",),
    "bound .4": ("attack.bound=.4",),
    "8-bit trigger in the loop": ("attack.eight_bit=true",),
    "generator rate .25": ("attack.generator_rate=.25",),
    "generator rate 1": ("attack.generator_rate=1",),
    "generator 8, 16": ("attack.generator_widths=[8,16]",),
    "generator 16, 32, 64": ("attack.generator_widths=[16,32,64]",),
    "poison ratio .1": ("attack.poison_ratio=.1",),
    "poison ratio .05": ("attack.poison_ratio=.05",),
    "T = 1": ("attack.levels=1",),
    "T = 2": ("attack.levels=2",),
    "T = 6": ("attack.levels=6",),
    "T = 8": ("attack.levels=8",),
    "T = 8, lambda_a .5": ("attack.levels=8", "attack.lambda_a=.5"),
}


def variant(name: str, seeds: Sequence[int], recipe: Sequence[str]) -> Variant:
    """Args:
    recipe: changes that every variant gets.
    """
    changes = CHANGES[name]
    runs = tuple(figures((*FAST, *recipe, *changes), seed) for seed in seeds)
    return Variant(changes=changes, runs=runs)


def figures(changes: Sequence[str], seed: int) -> Figures:
    record = sv.run("mnist-sample", *changes, f"seed={seed}").record
    attacked, triggers = record.systems.attacked, record.attack.triggers
    return Figures(
        seed=seed,
        n=attacked.n,
        asr=tuple(attacked.asr),
        clean_system_asr=tuple(record.systems.clean.asr),
        benign_false_positive=tuple(attacked.benign),
        psnr_db=attacked.psnr_db.value,
        delta_psnr_db=record.delta_psnr_db.value,
        ssim=tuple(level.ssim for level in triggers),
        l2=tuple(level.l2 for level in triggers),
    )


def row(name: str, runs: Sequence[Figures]) -> str:
    """Weakest ASR, cost and visibility, seed by seed."""

    def cell(figure: Callable[[Figures], float | None], digits: int) -> str:
        values = [figure(run) for run in runs]
        return ", ".join("-" if v is None else f"{v:.{digits}f}" for v in values)

    columns = (
        cell(lambda run: min(run.asr), 3), cell(lambda run: run.delta_psnr_db, 2),
        cell(lambda run: run.ssim[-1], 3), cell(lambda run: run.l2[-1], 2),
        cell(lambda run: max(run.benign_false_positive), 3),
    )  # fmt: skip
    return f"| {name} | {' | '.join(columns)} |"


def main(words: Sequence[str] | None = None) -> None:
    ask = parser("sweep", __doc__)
    ask.add_argument("names", nargs="*", metavar="NAME", help="parts of names; none: all")
    ask.add_argument("--out", type=Path, help=f"another file than {SWEEP.name}")
    ask.add_argument(
        "--quick", action="store_true",
        help="seed 0, one epoch on 640 images: a look at the script, no result",
    )  # fmt: skip
    asked = ask.parse_args(words)
    if asked.quick and not asked.out:
        ask.error("--quick needs --out FILE: its figures are no results")
    wanted = [name for name in CHANGES if not asked.names or any(p in name for p in asked.names)]
    if not wanted:
        ask.error(f"no variant is named {' or '.join(asked.names)}; there are {'; '.join(CHANGES)}")
    path = asked.out or SWEEP
    for name in wanted:
        seeds = SEEDS if asked.quick else MORE_SEEDS.get(name, SEEDS)
        found = read_sweep(path) | {name: variant(name, seeds, QUICK if asked.quick else ())}
        write_results(path, VARIANTS, found)
        print(row(name, found[name].runs), flush=True)


if __name__ == "__main__":
    start(main)
