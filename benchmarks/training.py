"""Training the usual way against the engine: the same network, data, victims and loss weights.

    make bench                                both, each in processes of its own, alternating
    python -m benchmarks.training 1 --images 640 --rounds 1     the smallest

"Usual" is what published training scripts do: torch.nn's own layers, a DataLoader of float images,
fp32, one forward pass for the benign batch and one for each trigger level, torchmetrics' SSIM.
What is compared is seconds for the same number of epochs, and the PSNR and ASR that come out.
"""

import statistics
import subprocess
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss, relu
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.functional.image import structural_similarity_index_measure

from semvet.attacks import SemBugger
from semvet.catalog import make_source, resolve
from semvet.config import TrainingPlan
from semvet.config.presets import preset
from semvet.data import Splits, split
from semvet.evaluation.figures import system_figures
from semvet.evaluation.goals import aim_of
from semvet.evaluation.goals.target import make_judge, score
from semvet.evaluation.images import evaluation_images
from semvet.evaluation.measurement import measure
from semvet.evaluation.sending import transmit
from semvet.learning import train
from semvet.metrics.similarity import cosine, tanimoto
from semvet.pipeline.recipes import untrained
from semvet.randomness import stream
from semvet.records import Record, SystemFigures
from semvet.systems import Transceiver
from semvet.systems.layers.convolution import Conv5, PReLU, TransposedConv5
from semvet.training.engine import Engine
from semvet.training.machine import choose_precision, measure_peaks
from semvet.training.poisoning import poisoned
from semvet.training.schedule import learning_rate
from semvet.types import Images, Pairs, to_images

CPU = torch.device("cpu")
HOW = ("usual", "engine")


class Training(Record):
    """One training of one of the two, and what came out of it. Utilization: of the engine only."""

    seconds: float
    psnr_db: float
    asr_mean: float
    conv_utilization: float
    gemm_utilization: float


def plain_layers(module: nn.Module) -> None:
    """Our faster forms replaced by torch.nn's layers with the same weights."""
    for name, child in module.named_children():
        plain = plain_layer(child)
        if plain is None:
            plain_layers(child)
        else:
            plain.load_state_dict(child.state_dict())
            setattr(module, name, plain)


def plain_layer(layer: nn.Module) -> nn.Module | None:
    """torch.nn's own, untrained; None where there is none."""
    if isinstance(layer, PReLU):
        return nn.PReLU()
    if not isinstance(layer, Conv5 | TransposedConv5):
        return None
    sizes, stride = (layer.in_channels, layer.out_channels, 5), layer.stride[0]
    if isinstance(layer, Conv5):
        return nn.Conv2d(*sizes, stride, 2)
    return nn.ConvTranspose2d(*sizes, stride, 2, stride - 1)


def train_as_usual(
    link: Transceiver, attack: SemBugger, pairs: Pairs, plan: TrainingPlan, seed: int
) -> None:
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
    step, steps = 0, plan.epochs * len(loader)
    for _ in range(plan.epochs):
        for x, level in loader:
            rate = learning_rate(step, steps, plan.learning_rate)
            for group, factor in zip(optimizer.param_groups, factors, strict=True):
                group["lr"] = factor * rate
            optimizer.zero_grad()
            usual_loss(link, attack, x, level, rng).backward()
            nn.utils.clip_grad_norm_([p for group in groups for p in group], plan.clip_norm)
            optimizer.step()
            step += 1


def usual_loss(
    link: Transceiver, attack: SemBugger, x: Images, level: Tensor, rng: Generator
) -> Tensor:
    sent = link.transmit(x, link.draw(len(x), rng=rng))
    loss = attack.lambda_b * mse_loss(sent.received, x)
    is_victim = level > 0
    if not is_victim.any():
        return loss
    v, terms = x[is_victim], []
    w1, w2, w3 = attack.weights
    for k in range(1, attack.levels + 1):
        x_k = attack.trigger(v, level=k)
        sent_k = link.transmit(x_k, link.draw(len(v), rng=rng))
        y, target = sent_k.received, attack.targets[k - 1]
        hit = mse_loss(y, target.expand_as(y))
        similar = structural_similarity_index_measure(x_k, v, data_range=1.0)
        hidden = w1 * (1 - similar) + w2 * (1 - tanimoto(v, x_k)).mean()
        hidden = hidden + w3 * (1 - cosine(v, x_k)).mean()
        gap = 2 * (sent.features[is_victim] - sent_k.features).square().mean(dim=1)
        apart = relu(attack.margin - gap).mean()
        terms.append(attack.lambda_a * hit + attack.lambda_p * hidden + attack.lambda_c * apart)
    return loss + torch.stack(terms).mean()


def one(how: str, epochs: int, images: int | None, seed: int) -> Training:
    """Trains and evaluates once in this process."""
    document = preset("quickstart")
    document["training"] |= {"epochs": epochs, "images": images}
    document["seed"] = seed
    run = resolve(document)
    splits = split(make_source(run.data).load(), seed=seed, images=images)
    link, attack = untrained(run, splits)
    assert isinstance(attack, SemBugger)
    pairs = poisoned(splits.train, attack, seed=seed)
    flop, peaks = 0.0, None
    began = time.perf_counter()
    if how == "usual":
        train_as_usual(link, attack, pairs, run.training, seed)
    else:
        precision, _ = choose_precision("auto", CPU)
        engine = Engine(
            link, attack, pairs, run.training, seed=seed, device=CPU, precision=precision
        )
        flop = train(engine, device=CPU).steps * engine.flop_per_step
    seconds = time.perf_counter() - began
    if how == "engine":
        peaks = measure_peaks(CPU, precision)
    found = figures(link, attack, splits, seed)
    return Training(
        seconds=seconds,
        psnr_db=found.psnr_db.value,
        asr_mean=found.asr_mean,
        conv_utilization=flop / seconds / peaks.conv if peaks else 0.0,
        gemm_utilization=flop / seconds / peaks.gemm if peaks else 0.0,
    )


@torch.no_grad()
def figures(link: Transceiver, attack: SemBugger, splits: Splits, seed: int) -> SystemFigures:
    calibration = to_images(splits.calibration.pixels)
    benign = score(transmit(link, calibration, seed=seed, purpose="judge"), attack.targets)
    judge = make_judge("conformal", attack.targets, benign, alpha=0.005)
    images = evaluation_images(splits.test, attack, count=len(splits.test), device=CPU)
    measured = measure(
        link, attack, aim_of(attack), images, judge, nominal=link.nominal, seed=seed, draws=1
    )
    return system_figures(measured, judge)


def compare(epochs: int, images: int | None, rounds: int) -> None:
    """Alternates the two so that a drift of the machine's speed meets both alike."""
    results: dict[str, list[Training]] = {how: [] for how in HOW}
    for seed in range(rounds):
        for how, found in results.items():
            found.append(apart(how, epochs, images, seed))
            print(f"seed {seed} {how:7}", _row(found[-1]), flush=True)
    pairs = list(zip(results["usual"], results["engine"], strict=True))
    ratios = [usual.seconds / engine.seconds for usual, engine in pairs]
    print(
        f"\nengine is {statistics.median(ratios):.2f} times as fast "
        f"(min {min(ratios):.2f}, max {max(ratios):.2f}, pairs: {rounds}, epochs: {epochs})"
    )
    for how, found in results.items():
        values = [training.psnr_db for training in found]
        spread = f"{statistics.stdev(values):.2f} dB" if rounds > 1 else "not measured"
        print(
            f"{how:7} PSNR {statistics.mean(values):.2f} dB, standard deviation over seeds {spread}"
        )
    shares = [training.conv_utilization for training in results["engine"]]
    print(f"engine reaches {statistics.median(shares):.0%} of the measured convolution peak")


def apart(how: str, epochs: int, images: int | None, seed: int) -> Training:
    """`one` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.training", str(epochs), "--only", how]
    command += ["--seed", str(seed), *(["--images", str(images)] if images else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return Training.model_validate_json(done.stdout.splitlines()[-1])


def _row(found: Training) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in found)


def main(words: Sequence[str] | None = None) -> None:
    ask = ArgumentParser(
        "python -m benchmarks.training", description=__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    ask.add_argument("epochs", nargs="?", type=int, default=6, metavar="EPOCHS")
    ask.add_argument("--images", type=int, help="training images; all of them if left out")
    ask.add_argument("--rounds", type=int, default=3, help="pairs of trainings, each of its seed")
    ask.add_argument("--only", choices=HOW, help="one training, as JSON")
    ask.add_argument("--seed", type=int, default=0, help="of --only")
    asked = ask.parse_args(words)
    if min(asked.epochs, asked.rounds) < 1:
        ask.error("EPOCHS and --rounds: 1 or more")
    if asked.only:
        print(one(asked.only, asked.epochs, asked.images, asked.seed).model_dump_json())
    else:
        compare(asked.epochs, asked.images, asked.rounds)


if __name__ == "__main__":
    main()
