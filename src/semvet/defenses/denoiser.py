"""Denoiser: the transmitter removes noise from every image before it is sent.

    x -> x - g(x), clipped to [0, 1] -> link        g: 3x3 convolutions with ReLU between them
    min over g of |x - (x + s e) + g(x + s e)|^2,   s ~ U(0, sigma),  e ~ N(0, I)

Alone it removes triggers that look like noise. Put inside semantic smoothing without clipping it
is denoised smoothing: the codec, which never saw noise, sees none. Noise-free images are part of
what it learns, since s may be 0.

Paper: Salman, Sun, Yang, Kapoor, Kolter, "Denoised Smoothing", NeurIPS 2020 (MSE objective); Zhang,
    Zuo, Chen, Meng, Zhang, "Beyond a Gaussian Denoiser" (DnCNN), IEEE TIP 2017.
Deviates: far smaller, without batch normalization; s varies; its 2,000 images are all there are,
    turned and shifted by nothing (D-036). No transform for attackers: it exists only once trained.
"""

from typing import Annotated, final

import torch
from annotated_types import Ge, Gt, Le
from torch import Generator, nn
from torch.nn.functional import mse_loss

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.filters.purification import Filter, purified
from semvet.defenses.fine_tuning import LearningRate
from semvet.defenses.weights.tuning import tune
from semvet.metrics.psnr import psnr_db
from semvet.metrics.statistics import mean
from semvet.randomness import seeded
from semvet.types import Count, Images, Scalar, Width

CLIP_NORM = 1.0  # of a step's gradient
SHOWN = 500  # own images that the findings speak of


@final
class Network(nn.Module):
    """(batch, channels, h, w) of noisy images to what is left of them, in [0, 1]."""

    def __init__(self, channels: int, *, width: int, depth: int):
        super().__init__()
        inner = [width] * (depth - 1)
        pairs = zip([channels, *inner], [*inner, channels], strict=True)
        layers = [nn.Conv2d(a, b, 3, padding=1) for a, b in pairs]
        nn.init.zeros_(layers[-1].weight)  # at first nothing is removed
        self.layers = nn.ModuleList(layers)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # no stub

    def forward(self, x: Images) -> Images:
        return self.residual(x).clamp(0, 1)

    def residual(self, x: Images) -> Images:
        """Unclipped: x - g(x)."""
        h = x.contiguous(memory_format=torch.channels_last)
        for layer in self.layers[:-1]:
            h = layer(h).relu()
        return x - self.layers[-1](h)


@final
class Denoiser(Defense):
    """Args:
    sigma: largest standard deviation of the noise that it learns to remove, in pixel units.
    width, depth: filters of a layer, and layers.
    steps, batch, learning_rate: of Adam; the rate falls to zero.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(
        self,
        *,
        sigma: Annotated[float, Gt(0), Le(4)] = 0.25,
        width: Width = 32,
        depth: Annotated[int, Ge(2), Le(20)] = 5,
        steps: Count = 400,
        batch: Count = 48,
        learning_rate: LearningRate = 3e-3,
    ):
        self.sigma, self.width, self.depth = sigma, width, depth
        self.steps, self.batch, self.learning_rate = steps, batch, learning_rate

    def apply(self, view: View, *, rng: Generator) -> Defended:
        x = view.images
        network = self._trained(x, rng=rng)
        few = x[:SHOWN]
        noisy = few + self.sigma * torch.randn(few.shape, generator=rng, device=rng.device)
        with torch.no_grad():
            findings = {
                "steps": self.steps,
                "parameters": sum(p.numel() for p in network.parameters()),
                "noisy_psnr_db": mean(psnr_db(noisy, few)),
                "denoised_psnr_db": mean(psnr_db(network(noisy), few)),
                "noise_free_psnr_db": mean(psnr_db(network(few), few)),
            }
        return Defended(purified(view, Filter(network)).link, findings=findings)

    def _trained(self, images: Images, *, rng: Generator) -> Network:
        start = int(torch.randint(2**31, (), generator=rng, device=rng.device))
        with seeded(start, "denoiser"):
            network = Network(images.shape[1], width=self.width, depth=self.depth)
        network.to(images.device)

        def loss(x: Images) -> Scalar:
            s = self.sigma * torch.rand((len(x), 1, 1, 1), generator=rng, device=rng.device)
            e = torch.randn(x.shape, generator=rng, device=rng.device)
            return mse_loss(network.residual(x + s * e), x)

        tune(
            [*network.parameters()], loss, images, steps=self.steps, batch=self.batch,
            learning_rate=self.learning_rate, clip_norm=CLIP_NORM, rng=rng,
        )  # fmt: skip
        return network.eval().requires_grad_(False)
