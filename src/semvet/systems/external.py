"""A codec of your own, vetted like the built-in systems.

    make_codec(shape, symbols) -> codec
    x -> codec.encode -> unit power for each image -> channel -> codec.decode -> x_hat

`docs/systems/external.md` describes the protocol; `probe` tries it out before anything starts.

Deviates: power is normalized here, for each image alone, whatever the codec does itself; a codec
    that does not run under bf16 autocast is computed in fp32 (D-021).
"""

from collections.abc import Sequence
from typing import Any, final

import torch
from torch import nn

from semvet.plugins import Pin
from semvet.systems.base import OneShotSystem
from semvet.systems.foreign.codec import as_module, explained, find
from semvet.systems.foreign.probe import Probe, as_reals
from semvet.systems.foreign.weights import file_sha256, load_weights
from semvet.systems.symbols.power import symbol_count, to_symbols
from semvet.types import BandwidthRatio, Images, ImageShape, PerImage, Symbols


@final
class External(OneShotSystem):
    """Args:
    target: "package.module:function", called with (shape, symbols); the result has `encode` and
        `decode`.
    weights: safetensors file that is loaded into the codec strictly; None: as it was made.
    bandwidth_ratio: complex k/n; the papers' CR 1/4 is 1/8 here.

    Raises:
        ConfigError: the codec is not found, or does not do what the protocol says.
        WeightsError: the weights are not safetensors, or do not fit.
    """

    def __init__(
        self,
        shape: ImageShape,
        *,
        target: str,
        weights: str | None = None,
        bandwidth_ratio: BandwidthRatio = 1 / 8,
    ):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        make_codec, _ = find(target)
        with explained(f"system.target: {target}{(tuple(self.shape), self.symbols)}"):
            codec = make_codec(self.shape, self.symbols)
        self.codec: Any = as_module(codec, target)
        if weights is not None:
            load_weights(self.codec, weights)
        # as it will be when it is trained; not in the stubs
        self.codec.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._left_in_evaluation = [m for m in self.codec.modules() if not m.training]
        for mode in (False, True):
            self.train(mode)
            probe = Probe(self.codec, self.shape, self.symbols, target=target)
            self._convolutions = probe.run()
            self.reduced_precision = probe.survives_bf16()

    @classmethod
    def pins(cls, args: Any) -> dict[str, Pin]:
        """The files that `args` (its arguments as attributes) refer to, for a run's identity.

        Raises ConfigError and WeightsError as the constructor.
        """
        _, found = find(args.target)
        weights = Pin(None)
        if args.weights is not None:
            weights = Pin(file_sha256(args.weights), args.weights)
        return {"target": Pin(found.sha256, str(found.file)), "weights": weights}

    def train(self, mode: bool = True) -> "External":
        """What the codec's maker left in evaluation mode (frozen BatchNorm) stays in it."""
        super().train(mode)
        for module in self._left_in_evaluation:
            module.training = False
        return self

    @property
    def encoder_convolutions(self) -> Sequence[nn.Module]:
        """Those that `encode` uses, in that order; without the activations, which are not known."""
        return self._convolutions

    def encode(self, x: Images, capacity: PerImage) -> Symbols:
        with self._precision(x):
            latent = self.codec.encode(x)
        return to_symbols(as_reals(latent), self.symbols)

    def decode(self, y: Symbols, capacity: PerImage) -> Images:
        with self._precision(y):
            return self.codec.decode(y).float()

    def _precision(self, x: torch.Tensor) -> torch.autocast:
        device = x.device.type
        enabled = self.reduced_precision and torch.is_autocast_enabled(device)
        return torch.autocast(device, enabled=enabled)
