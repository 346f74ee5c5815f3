"""Feature maps: what a system's layers put out while it transmits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


@contextmanager
def recorded(layers: Sequence[nn.Module]) -> Iterator[list[list[Tensor]]]:
    """For each layer, its output in every forward pass in here, in order.

    Each is (batch, kernels, height, width); gradients flow.
    """
    maps: list[list[Tensor]] = [[] for _ in layers]

    def note(outputs: list[Tensor]) -> Any:
        return lambda module, given, made: outputs.append(made)

    hooks = [
        layer.register_forward_hook(note(outputs))
        for layer, outputs in zip(layers, maps, strict=True)
    ]
    try:
        yield maps
    finally:
        for hook in hooks:
            hook.remove()
