"""Weights of modules as arrays, and back."""

import torch
from torch import Tensor, nn

from semvet.errors import WeightsError
from semvet.store import Arrays


def to_arrays(**modules: nn.Module) -> Arrays:
    """Named "prefix/name of the tensor"."""
    return {
        f"{prefix}/{name}": tensor.detach().cpu().contiguous().numpy()
        for prefix, module in modules.items()
        for name, tensor in module.state_dict().items()
    }


def load(arrays: Arrays, **modules: nn.Module) -> None:
    """Raises WeightsError if names or shapes differ, or a weight is not finite."""
    for prefix, module in modules.items():
        state: dict[str, Tensor] = {
            name.removeprefix(f"{prefix}/"): torch.from_numpy(array)
            for name, array in arrays.items()
            if name.startswith(f"{prefix}/")
        }
        for name, tensor in state.items():
            if not tensor.isfinite().all():
                raise WeightsError(f"{prefix}/{name}: holds NaN or infinity")
        try:
            module.load_state_dict(state)
        except RuntimeError as error:
            raise WeightsError(f"weights do not fit this {prefix}: {error}") from None
