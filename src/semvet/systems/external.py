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

from semvet.errors import ConfigError
from semvet.systems.base import OneShotSystem
from semvet.systems.foreign.codec import (
    as_module,
    explained,
    find,
    load_weights,
    read_weights,
    sha256,
)
from semvet.systems.foreign.probe import Probe, as_reals
from semvet.systems.symbols.power import symbol_count, to_symbols
from semvet.types import BandwidthRatio, Images, ImageShape, PerImage, Symbols


@final
class External(OneShotSystem):
    """Args:
    target: "package.module:function", called with (shape, symbols); the result has `encode` and
        `decode`.
    weights: safetensors file that is loaded into the codec strictly; None: as it was made.
    bandwidth_ratio: complex k/n; the papers' CR 1/4 is 1/8 here.
    target_sha256, weights_sha256: of both files; filled in when a run is resolved, so that an
        edited codec makes another run and an old record cannot be run with a new codec.

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
        target_sha256: str | None = None,
        weights_sha256: str | None = None,
    ):
        super().__init__()
        self.shape = ImageShape(*shape)
        self.symbols = symbol_count(bandwidth_ratio, self.shape.pixels)
        make_codec, found = find(target)
        _require_same(target_sha256, found.sha256, "target", str(found.file))
        with explained(f"system.target: {target}{(tuple(self.shape), self.symbols)}"):
            codec = make_codec(self.shape, self.symbols)
        self.codec: Any = as_module(codec, target)
        if weights is not None:
            content = read_weights(weights)
            _require_same(weights_sha256, sha256(content), "weights", weights)
            load_weights(self.codec, content, weights)
        # as it will be when it is trained; not in the stubs
        self.codec.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._left_in_evaluation = [m for m in self.codec.modules() if not m.training]
        for mode in (False, True):
            self.train(mode)
            probe = Probe(self.codec, self.shape, self.symbols, target=target)
            self._convolutions = probe.run()
            self.reduced_precision = probe.survives_bf16()

    @classmethod
    def pinned(cls, args: dict[str, Any]) -> dict[str, Any]:
        """The arguments with the SHA-256 of the files that they refer to.

        Raises ConfigError if there are other ones already: the record of a run that was made with
        other files. WeightsError as the constructor.
        """
        _, found = find(args["target"])
        pins = {"target": (found.sha256, str(found.file)), "weights": (None, "")}
        if args["weights"] is not None:
            pins["weights"] = (sha256(read_weights(args["weights"])), args["weights"])
        for name, (digest, file) in pins.items():
            _require_same(args[f"{name}_sha256"], digest, name, file)
        return args | {f"{name}_sha256": digest for name, (digest, _) in pins.items()}

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


def _require_same(expected: str | None, found: str | None, key: str, file: str) -> None:
    if expected is not None and expected != found:
        raise ConfigError(
            f"system.{key}_sha256: this record was made with another {file or key} (SHA-256 "
            f"{expected[:16]}..., now {str(found)[:16]}...); restore that file, or remove "
            f"system.{key}_sha256 to make another run with the one that is there"
        )
