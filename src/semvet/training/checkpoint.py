"""What a training has changed, as arrays, and back: weights and Adam's moments, in a file.

    model/NAME                               weights and buffers
    optimizer/I/step, exp_avg, exp_avg_sq    of parameter I; none while it was never trained

A checkpoint that is damaged, of another training, or does not fit costs time and not the run.
"""

from pathlib import Path

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.optim import Adam

from semvet.errors import StoreError
from semvet.learning import Arrays, Checkpoints, Reached
from semvet.records import CheckpointRecord
from semvet.store import read_checkpoint, write_checkpoint

MOMENTS = ("exp_avg", "exp_avg_sq")


def checkpoints(path: Path, *, key: str, every_s: float) -> Checkpoints:
    """Args:
    key: of the training, so that no other one goes on from here.
    """

    def read() -> tuple[Arrays, Reached] | None:
        try:
            arrays, state = read_checkpoint(path)
            record = CheckpointRecord.model_validate(state)
        except (StoreError, ValidationError):
            return None
        if record.key != key:
            return None
        return arrays, Reached(record.step, record.seconds, record.history, record.looks)

    def write(arrays: Arrays, reached: Reached) -> None:
        record = CheckpointRecord(
            key=key, step=reached.step, seconds=reached.seconds, history=reached.history,
            looks=reached.looks,
        )  # fmt: skip
        write_checkpoint(path, arrays, record.model_dump(mode="json"))

    return Checkpoints(read, write, every_s)


def state_of(model: nn.Module, optimizer: Adam) -> Arrays:
    arrays = {f"model/{name}": _array(tensor) for name, tensor in model.state_dict().items()}
    for i, parameter in enumerate(_parameters(optimizer)):
        for name, tensor in optimizer.state.get(parameter, {}).items():
            arrays[f"optimizer/{i}/{name}"] = _array(tensor)
    return arrays


def restored(model: nn.Module, optimizer: Adam, state: Arrays) -> bool:
    """False, and nothing has changed, unless everything fits and every number is one."""
    expected = {f"model/{name}": tensor for name, tensor in model.state_dict().items()}
    for i, parameter in enumerate(_parameters(optimizer)):
        if any(name.startswith(f"optimizer/{i}/") for name in state):
            expected[f"optimizer/{i}/step"] = torch.zeros(())
            expected |= {f"optimizer/{i}/{name}": parameter for name in MOMENTS}
    if state.keys() != expected.keys():
        return False
    tensors = {name: torch.from_numpy(array) for name, array in state.items()}
    if not all(_fits(tensors[name], like) for name, like in expected.items()):
        return False
    prefix = "model/"
    model.load_state_dict(
        {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
    )
    for i, parameter in enumerate(_parameters(optimizer)):
        if f"optimizer/{i}/step" in tensors:
            optimizer.state[parameter] = _moments(tensors, i, parameter, optimizer)
    return True


def _moments(
    tensors: dict[str, Tensor], i: int, parameter: Tensor, optimizer: Adam
) -> dict[str, Tensor]:
    """In the memory order of the parameter, which fused steps expect."""
    step = tensors[f"optimizer/{i}/step"]
    device = parameter.device if optimizer.defaults["fused"] else torch.device("cpu")
    found = {"step": step.to(device)}
    for name in MOMENTS:
        found[name] = torch.empty_like(parameter).copy_(tensors[f"optimizer/{i}/{name}"])
    return found


def _fits(tensor: Tensor, like: Tensor) -> bool:
    same = tensor.shape == like.shape and tensor.dtype == like.dtype
    return same and bool(tensor.isfinite().all())


def _parameters(optimizer: Adam) -> list[Tensor]:
    return [p for group in optimizer.param_groups for p in group["params"]]


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
