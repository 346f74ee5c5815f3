"""Training the usual way against the engine: the same network, data, victims and loss weights.

    make bench                       both, each in processes of its own, alternating
    python -m benchmarks.training usual|engine EPOCHS SEED      one of them, as JSON

"Usual" is what published training scripts do: torch.nn's own layers, a DataLoader of float images,
fp32, one forward pass for the benign batch and one for each trigger level, torchmetrics' SSIM.
What is compared is seconds for the same number of epochs, and the PSNR and ASR that come out.
"""

import json
import statistics
import subprocess
import sys
import time
from typing import Any

import torch
from semvet.evaluation.goals.judge import make_judge, score
from torch import Tensor, nn
from torch.nn.functional import mse_loss, relu
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.functional.image import structural_similarity_index_measure

from semvet.catalog import make_source, resolve
from semvet.config import TrainingPlan
from semvet.config.presets import preset
from semvet.data import split
from semvet.evaluation.measurement import measure, summarize, transmit
from semvet.metrics.similarity import cosine, tanimoto
from semvet.randomness import seeded, stream
from semvet.systems.layers.convolution import Conv5, PReLU, TransposedConv5
from semvet.training.engine import Engine, learning_rate
from semvet.training.machine import choose_precision, measure_peaks
from semvet.training.trained import as_pairs, build
from semvet.types import Pairs, to_images

CPU = torch.device("cpu")
ROUNDS = 3


def plain_layers(module: nn.Module) -> None:
    """Our faster forms replaced by torch.nn's layers with the same weights."""
    for name, child in module.named_children():
        plain: nn.Module | None = None
        if isinstance(child, Conv5):
            plain = nn.Conv2d(child.in_channels, child.out_channels, 5, child.stride, 2)
        elif isinstance(child, TransposedConv5):
            plain = nn.ConvTranspose2d(
                child.in_channels, child.out_channels, 5, child.stride, 2, child.stride[0] - 1
            )
        elif isinstance(child, PReLU):
            plain = nn.PReLU()
        if plain is None:
            plain_layers(child)
        else:
            plain.load_state_dict(child.state_dict())
            setattr(module, name, plain)
            if getattr(module, "last", None) is child:
                module.last = plain


def nominal(link: Any, attack: Any, pairs: Pairs, plan: TrainingPlan, seed: int) -> None:
    """Algorithm 1 as it is usually written."""
    plain_layers(link)
    images = to_images(pairs.sent).contiguous()
    loader = DataLoader(
        TensorDataset(images, pairs.level), batch_size=plan.batch, shuffle=True, drop_last=True,
        generator=stream(seed, "order"),
    )  # fmt: skip
    groups = [list(link.parameters()), list(attack.parameters())]
    factors = [1.0, attack.learning_rate_factor]
    optimizer = torch.optim.Adam([{"params": group} for group in groups])
    rng = stream(seed, "channel")
    lambda_a, lambda_b, lambda_p, lambda_c = attack.lambdas
    w1, w2, w3 = attack.weights
    step, steps = 0, plan.epochs * len(loader)
    for _ in range(plan.epochs):
        for x, level in loader:
            rate = learning_rate(step, steps, plan.learning_rate)
            for group, factor in zip(optimizer.param_groups, factors, strict=True):
                group["lr"] = factor * rate
            received, features = link.transmit(x, link.draw(len(x), rng=rng))
            loss = lambda_b * mse_loss(received, x)
            is_victim = level > 0
            if is_victim.any():
                v = x[is_victim]
                terms: list[Tensor] = []
                for k in range(1, attack.levels + 1):
                    x_k = attack.trigger(v, level=k)
                    y, f = link.transmit(x_k, link.draw(len(v), rng=rng))
                    hit = mse_loss(y, attack.targets[k - 1].expand_as(y))
                    similar = structural_similarity_index_measure(x_k, v, data_range=1.0)
                    hidden = w1 * (1 - similar) + w2 * (1 - tanimoto(v, x_k)).mean()
                    hidden = hidden + w3 * (1 - cosine(v, x_k)).mean()
                    gap = 2 * (features[is_victim] - f).square().mean(dim=1)
                    apart = relu(attack.margin - gap).mean()
                    terms.append(lambda_a * hit + lambda_p * hidden + lambda_c * apart)
                loss = loss + torch.stack(terms).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([p for group in groups for p in group], plan.clip_norm)
            optimizer.step()
            step += 1


def one(how: str, epochs: int, seed: int) -> dict[str, float]:
    """Trains and evaluates once in this process."""
    document = preset("quickstart")
    document["training"]["epochs"] = epochs
    document["seed"] = seed
    run = resolve(document)
    splits = split(make_source(run.data).load(), seed=seed)
    link, attack = build(run, splits)
    with seeded(seed, "poison"):
        pairs = attack.poison(as_pairs(splits), rng=stream(seed, "poison"))
    flop, peaks = 0.0, None
    began = time.perf_counter()
    if how == "usual":
        nominal(link, attack, pairs, run.training, seed)
    else:
        precision, _ = choose_precision("auto", CPU)
        engine = Engine(
            link, attack, pairs, run.training, seed=seed, device=CPU, precision=precision
        )
        flop = engine.train().flop_per_step * engine.steps
    seconds = time.perf_counter() - began
    if how == "engine":
        peaks = measure_peaks(CPU, precision)
    with torch.no_grad():
        calibration, x = to_images(splits.calibration.pixels), to_images(splits.test.pixels)
        benign = score(transmit(link, calibration, seed=seed, purpose="judge"), attack.targets)
        judge = make_judge("conformal", attack.targets, benign, alpha=0.005)
        found = summarize(measure(link, attack, x, seed=seed, draws=1), judge)
    return {
        "seconds": seconds,
        "psnr_db": found["psnr_db"],
        "asr_mean": found["asr_mean"],
        "conv_utilization": flop / seconds / peaks.conv if peaks else 0.0,
        "gemm_utilization": flop / seconds / peaks.gemm if peaks else 0.0,
    }


def compare(epochs: int) -> None:
    """Alternates the two so that a drift of the machine's speed meets both alike."""
    results: dict[str, list[dict[str, float]]] = {"usual": [], "engine": []}
    for seed in range(ROUNDS):
        for how, found in results.items():
            command = [sys.executable, "-m", "benchmarks.training", how, str(epochs), str(seed)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
            print(f"seed {seed} {how:7}", _row(found[-1]), flush=True)
    pairs = list(zip(results["usual"], results["engine"], strict=True))
    ratios = [a["seconds"] / b["seconds"] for a, b in pairs]
    print(
        f"\nengine is {statistics.median(ratios):.2f} times as fast "
        f"(min {min(ratios):.2f}, max {max(ratios):.2f}, {ROUNDS} pairs, {epochs} epochs)"
    )
    for how, found in results.items():
        values = [one_["psnr_db"] for one_ in found]
        print(
            f"{how:7} PSNR {statistics.mean(values):.2f} dB, standard deviation over seeds "
            f"{statistics.stdev(values):.2f} dB"
        )
    shares = [one_["conv_utilization"] for one_ in results["engine"]]
    print(f"engine reaches {statistics.median(shares):.0%} of the measured convolution peak")


def _row(found: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in found.items())


if __name__ == "__main__":
    words = sys.argv[1:]
    if words and words[0] in ("usual", "engine"):
        print(json.dumps(one(words[0], int(words[1]), int(words[2]))))
    else:
        compare(int(words[0]) if words else 6)
