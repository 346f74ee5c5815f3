"""Cropping: a random rectangle of the trigger is sent on an otherwise clean image.

    x_k'  =  x + m (x_k - x),    m = 1 inside the rectangle, whose area is `ratio` of the image

Each image has a place of its own, the same for all levels and both systems.

Paper: SemBugger Sec. V-B, "Spatial Processing Influence", and Table VII.
Deviates: shape and place of the crop are not given there (D-027).
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from semvet.evaluation.goals.judge import LITERAL
from semvet.evaluation.measurement import rate, success, transmit
from semvet.evaluation.subject import Subject
from semvet.metrics.lpips import lpips, why_no_lpips
from semvet.metrics.ssim import ssim
from semvet.metrics.statistics import mean
from semvet.metrics.visibility import l2
from semvet.randomness import stream
from semvet.types import Images

RATIOS = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)


def cropping(attacked: Subject, clean: Subject, *, images: int, seed: int) -> dict[str, Any]:
    """For each ratio: ASR of every level with its interval, and how visible what is left is.

    LPIPS and the rates of any target, by the judge and by the paper's own rule (None where the
    goal is no target), are of the strongest level.
    """
    x = attacked.measured.hosts[:images]
    found: dict[str, Any] = {"ratios": list(RATIOS), "n": len(x), "ssim": [], "l2": [], "lpips": []}
    systems = {"attacked": attacked, "clean": clean}
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in systems}
    for i, ratio in enumerate(RATIOS):
        mask = random_rectangles(x, ratio, rng=stream(seed, "cropping", index=i, device=x.device))
        sent = [x + mask * (x_k[:images] - x) for x_k in attacked.measured.triggered]
        found["ssim"].append([mean(ssim(x, x_k)) for x_k in sent])
        found["l2"].append([mean(l2(x, x_k)) for x_k in sent])
        found["lpips"].append(None if why_no_lpips() else mean(lpips(x, sent[-1])))
        for name, one in systems.items():
            answer = success(one.link, one.judge, sent, seed=seed)
            answers[name].append(answer | _any_target(one, sent, seed=seed))
    for name, by_ratio in answers.items():
        found[name] = {key: [one[key] for one in by_ratio] for key in by_ratio[0]}
    return found


def _any_target(one: Subject, sent: list[Images], *, seed: int) -> dict[str, float | None]:
    received = transmit(one.link, sent[-1], seed=seed, purpose="study", index=len(sent))
    printed = one.judges.get(LITERAL)
    return {
        "any": rate(one.judge.any_hit(received)),
        "printed_rule": rate(printed.any_hit(received)) if printed else None,
    }


def sides(height: int, width: int, ratio: float) -> tuple[int, int]:
    """Of a rectangle like the image whose area is nearest to `ratio` of it, in whole pixels."""
    scale = ratio**0.5
    choices = [
        (max(h, 1), max(w, 1))
        for h in (int(scale * height), int(scale * height) + 1)
        for w in (int(scale * width), int(scale * width) + 1)
        if h <= height and w <= width
    ]
    return min(choices, key=lambda side: abs(side[0] * side[1] - ratio * height * width))


def random_rectangles(
    x: Images, ratio: float, *, rng: Generator
) -> Float[Tensor, "batch 1 height width"]:
    """1 inside a rectangle at a uniformly random place of each image, 0 outside."""
    n, _, height, width = x.shape
    inside = []
    for length, side in zip((height, width), sides(height, width, ratio), strict=True):
        start = torch.randint(length - side + 1, (n, 1), generator=rng, device=x.device)
        position = torch.arange(length, device=x.device)
        inside.append((position >= start) & (position < start + side))
    rows, columns = inside
    return (rows[:, None, :, None] & columns[:, None, None, :]).to(x.dtype)
