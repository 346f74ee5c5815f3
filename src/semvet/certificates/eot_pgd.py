"""EOT-PGD: how far an attacker can move a smoothed picture within radius r. Stands beside every
certificate, as a certificate is a bound on what no attacker can do.

    S(x)  = E f(x + sigma e, channel),  e ~ N(0, I)
    away    maximize |S(x') - S(x)|^2       over |x' - x|_2 <= r, x' in [0, 1]
    toward  minimize |S(x') - t|^2          for each target t
    x'   <- P(x' + step g / |g|),   g = gradient of the above with S(x') a mean over K fresh copies

All starts climb at once: random directions, the attack's own triggers (toward their targets, and
away), and what was found at the radius before. Ends are compared on draws of their own, and the
worst is measured again on fresh draws, the same for x and x'. A.B / d, with the differences A and B
from independent halves, has no bias, while |A|^2 counts the noise of the estimate as damage.

Paper: Athalye, Engstrom, Ilyas, Kwok (ICML 2018); Salman et al. (NeurIPS 2019), who average over
    the noise before the loss; Madry et al. (ICLR 2018), step 2.5 r / steps.
Deviates: steps, copies and starts are ours (D-034). The gradient is the mean smoother's; the median
    at the points that it finds is reported too, but nothing looks for the median's own worst point.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from semvet.errors import DefenseError
from semvet.metrics.psnr import IDENTICAL_DB
from semvet.systems import Link
from semvet.types import Images, Targets

CHUNK = 1024  # copies in one forward pass
TINY = 1e-20  # a gradient of zero stays zero
AWAY = 4  # columns of Measures that an attacker wants large; small ones follow, one per target

One = Float[Tensor, "1 chan height width"]
Starts = Float[Tensor, "starts chan height width"]
Candidates = Float[Tensor, "candidates chan height width"]
Pictures = Float[Tensor, "half smoother candidates chan height width"]  # smoother: mean, median
Measures = Float[Tensor, "candidates measures"]  # mean squares


@dataclass(frozen=True)
class Smoothing:
    """The smoother under attack. `clip`: noisy images are clipped to [0, 1]."""

    sigma: float
    clip: bool = False

    def received(self, link: Link, x: Images, *, rng: Generator) -> Images:
        """Each image once, with noise and channel of its own."""
        noisy = x + self.sigma * torch.randn(x.shape, generator=rng, device=rng.device)
        return link(noisy.clamp(0, 1) if self.clip else noisy, rng=rng)


@dataclass(frozen=True)
class Effort:
    """Args:
    steps, copies: of the climb; every step averages so many copies.
    random_starts: beside the triggers.
    choose_copies: to compare the points where the starts ended.
    final_copies: to measure the worst ones again.
    """

    steps: int = 20
    copies: int = 16
    random_starts: int = 2
    choose_copies: int = 128
    final_copies: int = 1000


@dataclass(frozen=True)
class WorstFound:
    """The worst that was found within one radius, each figure at its own x'; dB, 100 at most."""

    radius: float
    mean_psnr_db: float  # of the mean at x' against the mean at x
    mean_psnr_to_image_db: float  # of the mean at x' against x
    median_psnr_db: float
    median_psnr_to_image_db: float
    target_psnr_db: list[float]  # highest PSNR of the mean at x' against each target
    x: One  # x' of `mean_psnr_db`


def worst_found(
    link: Link, x: Images, *, radii: Sequence[float], smoothing: Smoothing, rng: Generator,
    triggered: Starts | None = None, targets: Targets | None = None, effort: Effort | None = None,
) -> list[WorstFound]:  # fmt: skip
    """Attacks the smoothed pictures of one image, radius by radius.

    Args:
        link: differentiable in its images.
        x: (1, chan, height, width) in [0, 1].
        radii: L2, in pixel units, ascending: what was found at one is a start at the next.
        triggered: x with the attack's own trigger, level by level: starts.
        targets: what to come near to; the k-th from trigger level k.

    Raises:
        DefenseError: more than one image, radii that are negative or not ascending, a link without
            gradients.
    """
    if len(x) != 1:
        raise DefenseError(f"EOT-PGD attacks one image at a time, not {len(x)}; pass x[i : i + 1]")
    if list(radii) != sorted(radii) or any(r < 0 for r in radii):
        raise DefenseError(f"radii: {list(radii)} is not allowed; allowed: ascending, 0 or more")
    triggered = x[:0] if triggered is None else triggered
    targets = x[:0] if targets is None else targets
    effort = effort or Effort()
    toward = min(len(triggered), len(targets))
    at_x = _pictures(link, x, smoothing, effort.final_copies, rng=rng)[:, 0].mean(dim=0)
    found, worst, start = [], x, x  # nothing is nearer than x itself
    for radius in radii:
        scattered = x + radius * _directions(x, effort.random_starts, rng=rng)
        starts = torch.cat([triggered[:toward], scattered, triggered, start])
        aims = torch.cat([targets[:toward], at_x.repeat(len(starts) - toward, 1, 1, 1)])
        ends = _climb(link, x, starts, aims, toward, smoothing, radius, effort, rng=rng)
        candidates = torch.cat([worst, ends])
        seen = _measures(link, x, candidates, targets, smoothing, effort.choose_copies, rng=rng)
        chosen = torch.cat([seen[:, :AWAY].argmax(dim=0), seen[:, AWAY:].argmin(dim=0)])
        different, place = chosen.unique(return_inverse=True)
        worst, start = candidates[different], candidates[chosen[:1]]
        again = _measures(link, x, worst, targets, smoothing, effort.final_copies, rng=rng)
        found.append(_in_db(radius, again.gather(0, place[None])[0], start))
    return found


def project(x_prime: Starts, x: One, radius: float) -> Starts:
    """Onto |x' - x|_2 <= r, then into [0, 1]: the clip only brings pixels closer to x's."""
    delta = x_prime - x
    return (x + delta * (radius / _norms(delta)).clamp(max=1)).clamp(0, 1)


def _norms(x: Tensor) -> Tensor:
    return x.flatten(1).norm(dim=1).clamp(min=TINY).view(-1, 1, 1, 1)


def _directions(x: One, count: int, *, rng: Generator) -> Tensor:
    drawn = torch.randn((count, *x.shape[1:]), generator=rng, device=rng.device)
    return drawn / _norms(drawn)


def _climb(
    link: Link, x: One, starts: Starts, aims: Starts, toward: int, smoothing: Smoothing,
    radius: float, effort: Effort, *, rng: Generator,
) -> Starts:  # fmt: skip
    """The first `toward` starts come nearer to their aims, the others leave theirs."""
    sign = torch.ones(len(starts), device=x.device)
    sign[:toward] = -1
    at, step = project(starts, x, radius), 2.5 * radius / max(effort.steps, 1)
    for _ in range(effort.steps):
        at = at.detach().requires_grad_()
        sent = at.repeat_interleave(effort.copies, dim=0)
        received = smoothing.received(link, sent, rng=rng)
        smoothed = received.view(len(at), effort.copies, *x.shape[1:]).mean(dim=1)
        distance = (smoothed - aims).square().flatten(1).sum(dim=1)
        if not distance.requires_grad:
            raise DefenseError(
                "EOT-PGD climbs gradients, and this link has none in its images; certify without "
                "an attack (attack_images=0)"
            )
        (g,) = torch.autograd.grad((sign * distance).sum(), at)
        at = project(at.detach() + step * g / _norms(g), x, radius)
    return at.detach()


@torch.no_grad()
def _pictures(
    link: Link, x: Candidates, smoothing: Smoothing, copies: int, *, rng: Generator
) -> Pictures:
    """Mean and median of each image over two halves of the copies; every image sees the same
    noise and channels."""
    per_half, halves = ceil(copies / 2), []
    for _ in range(2):
        state = rng.get_state()
        pictures = []
        for one in x:
            rng.set_state(state)
            received = torch.cat(
                [
                    smoothing.received(link, one.expand(len(part), *one.shape), rng=rng)
                    for part in torch.arange(per_half).split(CHUNK)
                ]
            )
            pictures.append(torch.stack([received.mean(dim=0), received.median(dim=0).values]))
        halves.append(torch.stack(pictures, dim=1))
    return torch.stack(halves)


def _measures(
    link: Link, x: One, candidates: Candidates, targets: Targets, smoothing: Smoothing,
    copies: int, *, rng: Generator,
) -> Measures:  # fmt: skip
    """Mean squares: the mean against that at x and against x, the median too, the mean against
    each target."""
    pictures = _pictures(link, torch.cat([x, candidates]), smoothing, copies, rng=rng)
    mean, median = pictures[:, 0, 1:], pictures[:, 1, 1:]

    def apart(picture: Tensor, other: Tensor) -> Tensor:
        first, second = picture - other
        return (first * second).flatten(1).mean(dim=1)

    return torch.stack(
        [
            apart(mean, pictures[:, 0, :1]), apart(mean, x),
            apart(median, pictures[:, 1, :1]), apart(median, x),
            *(apart(mean, target) for target in targets),
        ],
        dim=1,
    )  # fmt: skip


def _in_db(radius: float, final: Float[Tensor, " measures"], x: One) -> WorstFound:
    decibels = -10 * final.clamp(min=10 ** (-IDENTICAL_DB / 10)).log10()
    mean, mean_to_image, median, median_to_image, *targets = decibels.tolist()
    return WorstFound(radius, mean, mean_to_image, median, median_to_image, targets, x)
