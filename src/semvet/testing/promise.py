"""A promise is a function of whatever makes the plug-in; its name is the promise in words.

It returns where the promise is kept, and raises otherwise: `promised` says what was found instead,
any other exception is the plug-in's own.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor

from semvet.catalog import arguments
from semvet.errors import SemvetError

T = TypeVar("T")
Maker = Callable[..., T]  # of what the world gives: an attack's targets, a system's image shape
Promise = Callable[[Maker[T]], None]


def promised(held: bool | Tensor, otherwise: str) -> None:
    """`assert`, also under `python -O`."""
    if not held:
        raise AssertionError(otherwise)


def keep(promises: Iterable[Promise[T]], make: Maker[T], *, what: str) -> None:
    """Tries every promise in turn. AssertionError that says whose promise is broken, and how."""
    for promise in promises:
        try:
            promise(make)
        except Exception as error:
            broken = f"{what}: broken promise: {words(promise)}: {_found(error)}"
            raise AssertionError(broken) from error


def words(promise: Promise[T]) -> str:
    """For example "a trigger depends on its own image only"."""
    return getattr(promise, "__name__", repr(promise)).replace("_", " ")


def named(plug_in: Callable[..., object]) -> str:
    return getattr(plug_in, "__name__", None) or repr(plug_in)


def _found(error: Exception) -> str:
    if isinstance(error, AssertionError | SemvetError):
        return str(error)
    return f"it raised {type(error).__name__}: {error}"


def require_typed_arguments(plug_in: object) -> None:
    """The configuration of a run is made from the keyword-only arguments and their types."""
    kind: type = type(plug_in)
    arguments(kind)  # ConfigError names the argument without a type


@contextmanager
def own_randomness() -> Iterator[None]:
    """What happens in here must draw from the generator that it is given and from nothing else."""
    before = torch.get_rng_state()
    yield
    promised(
        torch.equal(before, torch.get_rng_state()),
        "it draws from torch's global stream; draw from the generator that is handed in",
    )


def require_equal(found: Tensor, wanted: Tensor, otherwise: str) -> None:
    promised(found.shape == wanted.shape and torch.equal(found, wanted), otherwise)


def require_close(
    found: Tensor, wanted: Tensor, otherwise: str, *, atol: float = 1e-5, rtol: float = 1e-4
) -> None:
    same = found.shape == wanted.shape and torch.allclose(found, wanted, atol=atol, rtol=rtol)
    promised(same, otherwise)


def require_in_range(x: Tensor, wanted: tuple[int, ...], what: str) -> None:
    """Finite images of this shape with pixels in [0, 1]."""
    promised(tuple(x.shape) == wanted, f"{what} has the shape {tuple(x.shape)}, not {wanted}")
    promised(x.is_floating_point(), f"{what} is {x.dtype}, not a tensor of floats")
    promised(bool(x.isfinite().all()), f"{what} holds NaN or infinity")
    low, high = float(x.detach().min()), float(x.detach().max())
    promised(low >= 0 and high <= 1, f"{what} ranges from {low:.3g} to {high:.3g}, not in [0, 1]")


def plain(value: Any) -> bool:
    """Whether JSON can hold it: numbers, text, flags, None, and lists and mappings of them."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and plain(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(plain(one) for one in value)
    return value is None or isinstance(value, str | bool | int | float)
