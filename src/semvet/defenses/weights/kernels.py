"""Kernels of an encoder: how much they say, and the system without some of them.

    layer l's kernel i      output channel i of its convolution
    its feature map         channel i of the convolution's output after the activation
    absolute sum            sum over pixels of |map|, one value per image and kernel
    without it              weights and bias zero: the convolution outputs zero there

`transmit_without` masks the convolutions' outputs instead, each row of a batch with a mask of its
own: many pruned systems in one pass, exactly equal to systems with zeroed kernels. Behind GDN,
PReLU and leaky ReLU the feature map of a zeroed kernel is zero, too; a sigmoid (the attention gates
of `jscc-q`) leaves it at one half, and what passes a layer on a skip still arrives.

Deviates: the paper's systems have plain layers only; for others see D-032.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor, nn

from semvet.errors import DefenseError
from semvet.systems import System, Transceiver, Transmission
from semvet.systems.layers.feature_maps import recorded
from semvet.types import Draws, Images

Keep = Bool[Tensor, "variants _"]  # of one layer: which kernels each variant keeps
ROWS = 1000  # images in one forward pass


def pruned_layers(system: System, first: int, last: int) -> list[nn.Module]:
    """Encoder convolutions `first` to `last`, counted from 1, with their activations.

    Raises DefenseError if the system has not so many.
    """
    layers = list(system.encoder_convolutions)
    if not layers:
        raise DefenseError(
            f"{type(system).__name__} has no convolutions in its encoder, so there are no kernels "
            "to prune; allowed: a system with some (jscc, jscc-f, jscc-q, scan, semcc), or a "
            "defense that needs none"
        )
    if not 1 <= first <= last <= len(layers):
        raise DefenseError(
            f"first_layer={first}, last_layer={last}: {type(system).__name__} has encoder "
            f"convolutions 1 to {len(layers)}; take first_layer <= last_layer among them"
        )
    return layers[first - 1 : last]


def convolutions(layer: nn.Module) -> list[nn.Conv2d]:
    """Those of one layer, whose outputs are added: mostly one."""
    return [module for module in layer.modules() if isinstance(module, nn.Conv2d)]


@torch.no_grad()
def absolute_sums(
    link: Transceiver, layers: Sequence[nn.Module], x: Images, *, rng: Generator
) -> list[Float[Tensor, "batch _"]]:
    """Of every feature map of each layer."""
    found: list[list[Tensor]] = [[] for _ in layers]
    for part in x.split(ROWS):
        with recorded(layers) as maps:
            link.transmit(part, link.draw(len(part), rng=rng))
        for sums, outputs in zip(found, maps, strict=True):
            sums += [one.abs().sum(dim=(2, 3)) for one in outputs]
    return [torch.cat(parts) for parts in found]


def transmit_without(
    link: Transceiver, layers: Sequence[nn.Module], keep: Sequence[Keep], x: Images, noise: Draws
) -> Transmission:
    """Every variant of the pruned system on the same images and noise, in one pass.

    Args:
        keep: for each layer, the kernels that each variant keeps.
        x, noise: of one batch; each variant gets them.

    Returns:
        variants * batch rows, all images of the first variant first.
    """
    variants, batch = len(keep[0]), len(x)
    rows = [kept.repeat_interleave(batch, dim=0)[:, :, None, None] for kept in keep]
    many = x.repeat(variants, 1, 1, 1).contiguous(memory_format=torch.channels_last)
    with _masked(layers, rows):
        return link.transmit(many, _repeated(noise, batch, variants))


def batches(x: Images, variants: int) -> Iterator[Images]:
    """Parts so small that all variants of one fit into a forward pass."""
    return iter(x.split(max(1, ROWS // variants)))


@torch.no_grad()
def without(
    link: Transceiver, first: int, last: int, keep: Sequence[Bool[Tensor, " _"]]
) -> Transceiver:
    """A copy of the link whose kernels `keep` leaves out are zero, weights and bias."""
    pruned = copy.deepcopy(link)
    for layer, kept in zip(pruned_layers(pruned.system, first, last), keep, strict=True):
        for convolution in convolutions(layer):
            convolution.weight[~kept] = 0
            if convolution.bias is not None:
                convolution.bias[~kept] = 0
    return pruned


@contextmanager
def _masked(layers: Sequence[nn.Module], rows: Sequence[Tensor]) -> Iterator[None]:
    def mask(kept: Tensor) -> Any:
        return lambda module, given, maps: maps * kept

    hooks = [
        convolution.register_forward_hook(mask(kept))
        for layer, kept in zip(layers, rows, strict=True)
        for convolution in convolutions(layer)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _repeated(noise: Draws, batch: int, times: int) -> Draws:
    """Entries of one value per image are repeated, those of the whole batch are not."""
    return {
        name: value.repeat(times, *(1,) * (value.ndim - 1))
        if value.ndim and len(value) == batch
        else value
        for name, value in noise.items()
    }
