"""Adversarial neuron pruning: kernels that are most easily misused are removed, within a budget.

    weights of kernel k:  (m_k + d_k) w_k,    its bias:  (m_k + b_k) bias_k
    inner step   d, b     from a random start in [-epsilon, epsilon], one signed step up the loss
    outer step   m        down  trade L(m, 0, 0) + (1 - trade) L(m, d, b),   m in [0, 1]
    prune        the kernels of lowest m, one by one, while PSNR on own images falls by less than
                 the budget

L is the error of receiving the auditor's images as they were sent. A kernel that has to be small to
be harmless is one that a backdoor uses.

Paper: Wu, Wang, "Adversarial Neuron Pruning Purifies Backdoored Deep Models", NeurIPS 2021.
Deviates: a loss of pixels, not of classes; masks multiply the bias too, because a pruned kernel is
    zero; Adam for m, since pixel losses are small; a budget in dB instead of a threshold. Encoder
    and decoder, but for kernels that output the picture itself (D-036).
"""

import copy
from collections.abc import Sequence
from typing import Annotated, final

import torch
from annotated_types import Ge, Gt, Le
from torch import Generator, Tensor, nn
from torch.func import functional_call
from torch.nn.functional import mse_loss

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.fine_tuning import LearningRate
from semvet.defenses.weights.tuning import own_psnr_db, tune
from semvet.errors import DefenseError
from semvet.randomness import stream
from semvet.systems import Transceiver
from semvet.types import Count, Images, NonNegative, Scalar

CLIP_NORM = 1.0  # of a step's gradient
JUDGED = 500  # own images that the budget is measured on
Factors = list[Tensor]  # for each layer, one per kernel


@final
class ANP(Defense):
    """Args:
    budget_db: by how much PSNR on the auditor's own images may fall.
    epsilon: largest perturbation of a kernel, as a share of its weights.
    trade: weight of the loss without perturbation.
    steps, batch, learning_rate: of Adam for the masks; the rate falls to zero.
    """

    vantage = Vantage.AUDITOR

    def __init__(
        self,
        *,
        budget_db: NonNegative = 0.5,
        epsilon: Annotated[float, Gt(0), Le(1)] = 0.4,
        trade: Annotated[float, Ge(0), Le(1)] = 0.2,
        steps: Count = 200,
        batch: Count = 48,
        learning_rate: LearningRate = 0.02,
    ):
        self.budget_db, self.epsilon, self.trade = budget_db, epsilon, trade
        self.steps, self.batch, self.learning_rate = steps, batch, learning_rate

    def refuse(self, link: Transceiver) -> None:
        kernel_layers(link)

    def apply(self, view: View, *, rng: Generator) -> Defended:
        link, x = view.system, view.images
        masks = self._masks(link, x, rng=rng)
        pruned, count, before, after = self._pruned(link, masks, x[:JUDGED])
        findings = {
            "steps": self.steps,
            "kernels": sum(len(mask) for mask in masks),
            "kernels_pruned": count,
            "lowest_mask": min(float(mask.min()) for mask in masks),
            "own_psnr_before_db": before,
            "own_psnr_after_db": after,
        }
        return Defended(pruned, findings=findings)

    def _masks(self, link: Transceiver, images: Images, *, rng: Generator) -> Factors:
        link = copy.deepcopy(link).requires_grad_(False)
        names = kernel_layers(link)
        own = dict(link.named_parameters())
        ones = [own[f"{name}.weight"].new_ones(_kernels(link, name)) for name in names]
        masks = [one.clone().requires_grad_() for one in ones]

        def error(x: Images, weights: Factors, biases: Factors, seed: int) -> Scalar:
            scaled = _scaled(link, names, weights, biases)
            noise = stream(seed, "anp", device=x.device)  # the same for both losses of a step
            return mse_loss(functional_call(link, scaled, (x,), {"rng": noise}).float(), x)

        def loss(x: Images) -> Scalar:
            seed = int(torch.randint(2**31, (), generator=rng, device=rng.device))
            start = [self._perturbation(one, rng) for one in (*ones, *ones)]
            still = [mask.detach() for mask in masks]
            there = error(x, *_added(still, start), seed)
            slopes = torch.autograd.grad(there, start, allow_unused=True, materialize_grads=True)
            worse = [
                (d + self.epsilon * slope.sign()).clamp(-self.epsilon, self.epsilon).detach()
                for d, slope in zip(start, slopes, strict=True)
            ]  # a convolution without a bias has no use for its second perturbation
            attacked = error(x, *_added(masks, worse), seed)
            return self.trade * error(x, masks, masks, seed) + (1 - self.trade) * attacked

        def into_range() -> None:
            for mask in masks:
                mask.data.clamp_(0, 1)

        tune(
            masks, loss, images, steps=self.steps, batch=self.batch,
            learning_rate=self.learning_rate, clip_norm=CLIP_NORM, rng=rng, after=into_range,
        )  # fmt: skip
        return [mask.detach() for mask in masks]

    def _perturbation(self, like: Tensor, rng: Generator) -> Tensor:
        uniform = torch.rand(like.shape, generator=rng, device=rng.device)
        return (self.epsilon * (2 * uniform - 1)).requires_grad_()

    def _pruned(
        self, link: Transceiver, masks: Factors, x: Images
    ) -> tuple[Transceiver, int, float, float]:
        """The copy, kernels pruned in it, PSNR before and after."""
        names, pruned = kernel_layers(link), copy.deepcopy(link)

        def psnr_db() -> float:  # over the same channel every time
            return own_psnr_db(pruned, x, rng=stream(0, "anp budget", device=x.device))

        before = after = psnr_db()
        where = [
            (name, k) for name, mask in zip(names, masks, strict=True) for k in range(len(mask))
        ]
        for count, i in enumerate(torch.cat(masks).argsort(stable=True).tolist()):
            name, k = where[i]
            kept = copy.deepcopy(pruned.get_submodule(name).state_dict())
            _zero(pruned.get_submodule(name), k)
            now = psnr_db()
            if before - now > self.budget_db:
                pruned.get_submodule(name).load_state_dict(kept)
                return pruned, count, before, after
            after = now
        return pruned, len(where), before, after


def kernel_layers(link: Transceiver) -> list[str]:
    """Names of all convolutions of both ends but those whose output is the picture.

    Raises DefenseError: there are none.
    """
    names = [
        name
        for name, module in link.named_modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
        and module.out_channels > link.system.shape.channels
    ]
    if not names:
        raise DefenseError(
            f"{type(link.system).__name__} has no convolutions, so there are no kernels to prune; "
            "allowed: a system with some (jscc, jscc-f, jscc-q, scan, semcc)"
        )
    return names


def _kernels(link: Transceiver, name: str) -> int:
    return link.get_submodule(name).out_channels  # type: ignore[return-value]  # a convolution


def _scaled(
    link: Transceiver, names: Sequence[str], weights: Factors, biases: Factors
) -> dict[str, Tensor]:
    """Parameters with every kernel's weights and bias times its factors."""
    own, scaled = dict(link.named_parameters()), {}
    for name, factor, bias_factor in zip(names, weights, biases, strict=True):
        transposed = isinstance(link.get_submodule(name), nn.ConvTranspose2d)
        shape = (1, -1, 1, 1) if transposed else (-1, 1, 1, 1)
        scaled[f"{name}.weight"] = own[f"{name}.weight"] * factor.view(shape)
        if f"{name}.bias" in own:
            scaled[f"{name}.bias"] = own[f"{name}.bias"] * bias_factor
    return scaled


def _added(masks: Factors, both: Sequence[Tensor]) -> tuple[Factors, Factors]:
    """m + d for the weights, m + b for the biases."""
    d, b = both[: len(masks)], both[len(masks) :]
    return (
        [m + by for m, by in zip(masks, d, strict=True)],
        [m + by for m, by in zip(masks, b, strict=True)],
    )


@torch.no_grad()
def _zero(convolution: nn.Module, kernel: int) -> None:
    transposed = isinstance(convolution, nn.ConvTranspose2d)
    for name, value in convolution.named_parameters(recurse=False):
        value[(slice(None), kernel) if transposed and name == "weight" else kernel] = 0
