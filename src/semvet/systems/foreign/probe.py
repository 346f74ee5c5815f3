"""What is asked of a codec that is not ours, tried out on three images before anything starts.

    encode(x)    x float (batch, chan, height, width) in [0, 1]
                 -> real (batch, >= 2k values in any shape), or complex (batch, k)
    decode(y)    y complex (batch, k)
                 -> float (batch, chan, height, width) in [0, 1]

Both are finite, differentiable, draw nothing, change nothing, and give an image the same result
whatever its batch mates are. Each error names what is wrong and the way out.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, final

import torch
from torch import Tensor, nn

from semvet.errors import ConfigError
from semvet.randomness import complex_normal, stream
from semvet.systems.foreign.codec import explained
from semvet.systems.symbols.power import to_symbols
from semvet.types import Features, ImageShape, Symbols

IMAGES = 3
LOUD = 100.0  # times what a codec may expect: what fading with zero forcing can leave
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)
TOLERANCE = 1e-3  # of the largest value: another batch size may take another order of sums


def as_reals(latent: Tensor) -> Features:
    """A codec's own form of k symbols as their real parts, then their imaginary parts."""
    latent = latent.flatten(1)
    return torch.cat([latent.real, latent.imag], dim=1) if latent.is_complex() else latent


@final
class Probe:
    """Args:
    codec: the module with `encode` and `decode`, in the mode in which it is to be tried.
    shape, symbols: of the images, and k.
    target: where the codec is from, for the errors.
    """

    def __init__(self, codec: Any, shape: ImageShape, symbols: int, *, target: str):
        self.codec, self.shape, self.symbols = codec, shape, symbols
        self.where = (
            f"system.target: {target}, {'training' if codec.training else 'evaluation'} mode"
        )
        rng = stream(0, "probe")
        x = torch.rand(IMAGES, *shape, generator=rng)
        self.x = x.contiguous(memory_format=torch.channels_last)
        self.noise = complex_normal((IMAGES, symbols), rng=rng)

    def run(self) -> list[nn.Conv2d]:
        """The convolutions that `encode` goes through, in their order.

        Raises ConfigError at the first thing that is not as it must be.
        """
        before = {name: value.clone() for name, value in self.codec.state_dict().items()}
        with _convolutions(self.codec) as used, torch.no_grad():
            latent = self.encode(self.x)
        with torch.no_grad():
            self._refuse_silence(latent)
            y = to_symbols(as_reals(latent), self.symbols) + self.noise
            self._refuse_draws("encode", self.encode, self.x)
            self._refuse_coupling("encode", self.encode, self.x, torch.ones_like(self.x))
            self._refuse_draws("decode", self.decode, y)
            self._refuse_coupling("decode", self.decode, y, -y)
            self.decode(LOUD * y)
        self._require_gradient("encode", self.encode, self.x)
        self._require_gradient("decode", self.decode, y)
        for name, value in self.codec.state_dict().items():
            if not torch.equal(value, before[name]):
                raise ConfigError(
                    f"{self.where}: using it changes its own {name!r}; what it outputs must depend "
                    f"on parameters and input alone{self._suspects(NORMS)}"
                )
        return used

    def survives_bf16(self) -> bool:
        """Whether it does the same under bf16 autocast, to what 8 bits allow."""
        with torch.no_grad():
            y = to_symbols(as_reals(self.encode(self.x)), self.symbols) + self.noise
            exact = self.decode(y)
            try:
                with torch.autocast("cpu", torch.bfloat16):
                    sent = to_symbols(as_reals(self.encode(self.x)), self.symbols)
                    rounded = self.decode(sent + self.noise).float()
            except ConfigError:  # a complex value of bf16 parts, for example, does not exist
                return False
        return bool((rounded - exact).square().mean() < 1e-3)

    def encode(self, x: Tensor) -> Tensor:
        with explained(f"{self.where}: encode of {tuple(x.shape)}"):
            latent = self.codec.encode(x)
        self._require_floats("encode", latent)
        k, batch = self.symbols, len(x)
        expected = f"complex ({batch}, {k}), or ({batch}, ...) with at least 2k = {2 * k} reals"
        count = latent.numel() // batch
        fits = count == k if latent.is_complex() else count >= 2 * k
        if latent.ndim < 2 or len(latent) != batch or not fits:
            raise ConfigError(
                f"{self.where}: encode returned {'complex' if latent.is_complex() else 'real'} "
                f"{tuple(latent.shape)} for {batch} images and k = {k} symbols; expected "
                f"{expected}. k is make_codec's argument `symbols`; system.bandwidth_ratio sets it"
            )
        return latent

    def decode(self, y: Symbols) -> Tensor:
        with explained(f"{self.where}: decode of complex {tuple(y.shape)}"):
            images = self.codec.decode(y)
        self._require_floats("decode", images)
        if images.is_complex() or images.shape != (len(y), *self.shape):
            raise ConfigError(
                f"{self.where}: decode returned {'complex' if images.is_complex() else 'real'} "
                f"{tuple(images.shape)}; expected real {(len(y), *self.shape)}"
            )
        low, high = map(float, images.detach().aminmax())
        if low < 0 or high > 1:
            raise ConfigError(
                f"{self.where}: decode returned pixels from {low:.3g} to {high:.3g}; expected "
                "[0, 1] whatever is received: end with a sigmoid, or clamp (and undo any mean/std)"
            )
        return images

    def _require_floats(self, name: str, value: Any) -> None:
        if not isinstance(value, Tensor) or not (value.is_floating_point() or value.is_complex()):
            what = value.dtype if isinstance(value, Tensor) else type(value).__name__
            raise ConfigError(
                f"{self.where}: {name} returned {what}; expected one tensor of floats"
            )
        if not value.isfinite().all():
            raise ConfigError(
                f"{self.where}: {name} returned NaN or infinity; look for divisions by zero, "
                "logarithms, and weights that were never set"
            )

    def _refuse_silence(self, latent: Tensor) -> None:
        power = as_reals(latent)[:, : 2 * self.symbols].square().sum(dim=1)
        if power.min() < 1e-12:
            raise ConfigError(
                f"{self.where}: encode returned zero power for an image of random pixels; nothing "
                "would be sent. Look for dead activations at the encoder's end"
            )

    def _refuse_draws(self, name: str, call: Callable[[Tensor], Tensor], x: Tensor) -> None:
        if not torch.equal(call(x), call(x)):
            raise ConfigError(
                f"{self.where}: {name} of the same input twice differs; it must draw nothing of "
                "its own, the channel's noise comes from semvet"
                f"{self._suspects(DROPOUTS)}"
            )

    def _refuse_coupling(
        self, name: str, call: Callable[[Tensor], Tensor], x: Tensor, mates: Tensor
    ) -> None:
        whole = call(x)
        among = call(torch.cat([x[:1], mates[1:]]))[:1]
        alone = torch.cat([call(one) for one in x.split(1)])
        for other in (among, alone):
            if (other - whole[: len(other)]).abs().max() > TOLERANCE * whole.abs().max():
                raise ConfigError(
                    f"{self.where}: {name} of an image changes with its batch mates; a triggered "
                    "image would change innocent ones. Normalize each image alone (GroupNorm)"
                    f"{self._suspects(NORMS)}"
                )

    def _require_gradient(self, name: str, call: Callable[[Tensor], Tensor], x: Tensor) -> None:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            value = call(x)
            if value.requires_grad:
                # weighted: the plain sum of a normalized latent may well be constant
                reals = as_reals(value)
                weights = torch.rand(reals.shape, generator=stream(0, "probe gradient"))
                (gradient,) = torch.autograd.grad((weights * reals).sum(), x, allow_unused=True)
            else:
                gradient = None
        if gradient is None or not gradient.isfinite().all() or not gradient.abs().sum() > 0:
            found = (
                "has no gradient" if gradient is None
                else "has a gradient of zero" if gradient.isfinite().all()
                else "has a gradient that is NaN or infinite"
            )  # fmt: skip
            raise ConfigError(
                f"{self.where}: {name} {found} with respect to its input; training and learned "
                "triggers need one. Look for no_grad, detach, numpy and rounding (round with the "
                "straight-through trick, x + (x.round() - x).detach())"
            )

    def _suspects(self, kind: Any) -> str:
        """Modules that usually are the cause, and what to do about them."""
        names = [name for name, module in self.codec.named_modules() if isinstance(module, kind)]
        if not names:
            return ""
        return (
            f". Suspects: {', '.join(names[:4])}; replace them, or leave them in evaluation mode "
            "in make_codec (module.eval()): they stay in it"
        )


@contextmanager
def _convolutions(codec: nn.Module) -> Iterator[list[nn.Conv2d]]:
    """Fills the list with those that are used inside the block, in order, each once."""
    used: list[nn.Conv2d] = []

    def note(module: nn.Module, *_: Any) -> None:
        if isinstance(module, nn.Conv2d) and module not in used:
            used.append(module)

    hooks = [module.register_forward_hook(note) for module in codec.modules()]
    try:
        yield used
    finally:
        for hook in hooks:
            hook.remove()
