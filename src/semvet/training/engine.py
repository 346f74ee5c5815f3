"""The training engine: many identical, pure steps.

    terms = objective(batch, noise)          pure in (parameters, batch, noise)
    sum(terms).backward(); clip the gradient's norm; Adam

Data rest as uint8 on the device that computes; a batch is an index into them. Channel noise is
drawn before the step from a stream of (seed, "channel", step), so that training resumed from a
checkpoint draws what it would have drawn. Benign images and all poisoned levels share a forward.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from semvet.attacks import Attack, Controls, LossTerms
from semvet.config import TrainingPlan
from semvet.errors import StoreError, TrainingError
from semvet.randomness import stream
from semvet.store import Arrays, read_checkpoint, write_checkpoint
from semvet.systems import Transceiver
from semvet.training.batches import Batches
from semvet.training.machine import Precision, place
from semvet.types import Draws, Moment, Pairs
from semvet.watch import Progress

REPORT_EVERY = 20  # steps between two looks at the loss, each of which waits for the device
WARM_UP = 0.15  # share of the steps in which the learning rate rises
COLLAPSED = 1e-3  # mean standard deviation over images below which an output is constant


Report = Callable[[Progress], None]
Observed = dict[str, Tensor]


@dataclass
class Trained:
    """What a finished training has to say about itself. Losses are means of each epoch's looks."""

    steps: int
    seconds: float
    images_per_s: float
    flop_per_step: float
    precision: str
    history: list[dict[str, float]] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        return asdict(self)


@final
class Objective(nn.Module):
    """Link and attack as one module whose forward is the loss; every parameter is trained."""

    def __init__(self, link: Transceiver, attack: Attack, *, victims: int, precision: Precision):
        super().__init__()
        self.link, self.attack, self.victims = link, attack, victims
        self.precision = precision

    def forward(self, batch: Pairs, noise: Draws, moment: Moment) -> tuple[LossTerms, Observed]:
        device, link = batch.sent.device.type, self.link.during(moment)
        with torch.autocast(device, torch.bfloat16, enabled=self.precision == "bf16"):
            terms = self.attack.loss(link, batch, self.victims, noise)
        assert link.observed is not None
        return terms, link.observed


def learning_rate(step: int, steps: int, peak: float) -> float:
    """One cycle: cosine from peak/25 up, then down to almost nothing. A function of the step."""
    rise = max(1, round(WARM_UP * steps))
    if step < rise:
        low, high, part = peak, peak / 25, 1 - step / rise
    else:
        low, high, part = peak / 1e4, peak, (step - rise) / max(1, steps - rise)
        low, high = high, low
    return low + (high - low) * (1 - np.cos(np.pi * part)) / 2


@final
class Engine:
    """Trains one link under one attack.

    Args:
        link, attack: trained in place; moved to `device`.
        pairs: poisoned training pairs, uint8.
        plan: epochs, batch, learning rate.
        seed: of the run.
        precision: bf16 autocast or fp32.
        checkpoint: file to resume from, if it is there, and to save to.
        checkpoint_every_s: seconds between checkpoints.

    Raises:
        TrainingError: the loss is not finite, or the outputs have become constant.
    """

    def __init__(
        self, link: Transceiver, attack: Attack, pairs: Pairs, plan: TrainingPlan, *,
        seed: int, device: torch.device, precision: Precision,
        checkpoint: Path | None = None, checkpoint_every_s: float = 15.0,
    ):  # fmt: skip
        self.plan, self.seed, self.device = plan, seed, device
        self.checkpoint, self.checkpoint_every_s = checkpoint, checkpoint_every_s
        separate = Controls.TRAINING in attack.controls
        self.batches = Batches(pairs.level, batch=plan.batch, separate=separate, seed=seed)
        self.pairs = moved(pairs, device)
        self.objective = Objective(link, attack, victims=self.batches.victims, precision=precision)
        place(self.objective, device)
        self.groups = [(list(link.parameters()), 1.0)]
        if own := list(attack.parameters()):
            self.groups.append((own, attack.learning_rate_factor))
        self.parameters = [p for parameters, _ in self.groups for p in parameters]
        self.optimizer = torch.optim.Adam([{"params": p} for p, _ in self.groups], fused=True)
        self.open = [p for p in link.system.parameters() if p.requires_grad]
        # without anything to train, such as the reference lines, it is finished from the start
        trainable = any(p.requires_grad for p in self.parameters)
        self.steps = plan.epochs * self.batches.steps_per_epoch if trainable else 0
        self.phase_steps = -(-self.steps // link.system.phases)
        self.step, self.seconds = 0, 0.0
        self.history: list[dict[str, float]] = []
        self.looks: list[dict[str, float]] = []  # of the epoch under way

    def train(self, report: Report | None = None) -> Trained:
        self.objective.train()
        self._resume()
        start, first = time.perf_counter() - self.seconds, self.step
        began = saved = time.perf_counter()
        flop: dict[int, float] = {}  # of one step, by phase
        while self.step < self.steps:
            epoch, row = divmod(self.step, self.batches.steps_per_epoch)
            if row == 0 or self.step == first:
                order = self.batches.epoch(epoch).to(self.device)
            moment = self._moment()
            if moment.phase not in flop:
                self._begin(moment.phase)
                flop[moment.phase] = self._count_flop(order[row])
            terms = self._one_step(order[row])
            self.step += 1
            last = row + 1 == self.batches.steps_per_epoch
            if self.step % REPORT_EVERY == 0 or last:
                now = time.perf_counter()
                self.looks.append(self._look(terms))
                speed = (self.step - first) * self.plan.batch / (now - began)
                self.seconds = now - start
                if report:
                    report(Progress(self.step, self.steps, epoch, speed, self.looks[-1]))
            if last:
                self._close_epoch()
                self._refuse_constant_output(moment)
            if time.perf_counter() - saved > self.checkpoint_every_s and self.step < self.steps:
                self._save()
                saved = time.perf_counter()
        self._begin(None)
        per_step = sum(flop.values()) / max(1, len(flop))
        seconds = time.perf_counter() - began
        speed = (self.step - first) * self.plan.batch / seconds if self.step > first else 0.0
        return Trained(
            self.steps, self.seconds, speed, per_step, self.objective.precision, self.history
        )

    def _close_epoch(self) -> None:
        names = self.looks[-1]
        self.history.append({k: float(np.mean([x[k] for x in self.looks])) for k in names})
        self.looks = []

    def _moment(self) -> Moment:
        phase, done = divmod(self.step, self.phase_steps)
        return Moment(phase, done / self.phase_steps)

    def _begin(self, phase: int | None) -> None:
        """Gradients for what is trained in this phase; None: for all that is ever trained."""
        trained = self.objective.link.system.trained_in(phase) if phase is not None else self.open
        now = {id(p) for p in trained}
        for parameter in self.open:
            parameter.requires_grad_(id(parameter) in now)

    def _prepare(self, index: Tensor) -> tuple[Pairs, Draws]:
        rng = stream(self.seed, "channel", index=self.step, device=self.device)
        attack, victims = self.objective.attack, self.objective.victims
        noise = attack.draw(self.objective.link, len(index), victims, rng=rng)
        return self.pairs.batch(index), noise

    def _one_step(self, index: Tensor) -> LossTerms:
        batch, noise = self._prepare(index)
        rate = learning_rate(
            self.step % self.phase_steps, self.phase_steps, self.plan.learning_rate
        )
        for group, (_, factor) in zip(self.optimizer.param_groups, self.groups, strict=True):
            group["lr"] = factor * rate
        terms, observed = self.objective(batch, noise, self._moment())
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.parameters, self.plan.clip_norm, foreach=True)
        self.optimizer.step()
        self.objective.link.system.settle(observed)
        return terms

    def _count_flop(self, index: Tensor) -> float:
        batch, noise = self._prepare(index)
        with FlopCounterMode(display=False) as counter:
            terms, _ = self.objective(batch, noise, self._moment())
            torch.stack(list(terms.values())).sum().backward()
        self.optimizer.zero_grad(set_to_none=True)
        return float(counter.get_total_flops())

    def _look(self, terms: LossTerms) -> dict[str, float]:
        losses = {name: term.item() for name, term in terms.items()}
        if not np.isfinite(sum(losses.values())):
            raise TrainingError(
                f"training diverged at step {self.step} of {self.steps}: {losses}; lower "
                f"training.learning_rate (now {self.plan.learning_rate})"
            )
        return losses

    def _refuse_constant_output(self, moment: Moment) -> None:
        if self.step < self.steps / 4:
            return  # early on a constant output is normal
        done = f"{self.step} of {self.steps}"
        link = self.objective.link.during(moment)
        refuse_constant_output(link, self.pairs, done, self.plan, self.seed)

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        arrays: Arrays = {}
        for name, tensor in self.objective.state_dict().items():
            arrays[f"model/{name}"] = _array(tensor)
        for i, parameter in enumerate(self.parameters):
            for name, tensor in self.optimizer.state[parameter].items():  # none if still frozen
                arrays[f"optimizer/{i}/{name}"] = _array(tensor)
        state = {name: getattr(self, name) for name in ("step", "seconds", "history", "looks")}
        write_checkpoint(self.checkpoint, arrays, state)

    def _resume(self) -> None:
        if self.checkpoint is None or not self.checkpoint.exists():
            return
        try:
            arrays, state = read_checkpoint(self.checkpoint)
        except StoreError:
            return  # a damaged checkpoint costs time, not the run
        model = {k.removeprefix("model/"): torch.from_numpy(v) for k, v in arrays.items()
                 if k.startswith("model/")}  # fmt: skip
        self.objective.load_state_dict(model)
        for i, parameter in enumerate(self.parameters):
            if f"optimizer/{i}/step" not in arrays:
                continue
            self.optimizer.state[parameter] = {
                "step": torch.from_numpy(arrays[f"optimizer/{i}/step"]).to(self.device),
                **{
                    name: torch.empty_like(parameter).copy_(
                        torch.from_numpy(arrays[f"optimizer/{i}/{name}"])
                    )
                    for name in ("exp_avg", "exp_avg_sq")
                },
            }
        for name, value in state.items():
            setattr(self, name, value)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def moved(pairs: Pairs, device: torch.device) -> Pairs:
    """Without `without`, which training does not need."""
    sent = pairs.sent.to(device)
    wanted = sent if pairs.wanted is pairs.sent else pairs.wanted.to(device)
    return Pairs(sent, wanted, pairs.level.to(device), pairs.label.to(device))


@torch.no_grad()
def refuse_constant_output(
    link: Transceiver, pairs: Pairs, done: str, plan: TrainingPlan, seed: int
) -> None:
    """Raises TrainingError if all images are received as the same one after `done` steps."""
    if not link.system.learned:
        return  # in outage it always is
    benign = (pairs.level == 0).nonzero().flatten()[:64]
    sent = pairs.batch(benign).sent
    received = link.eval()(sent, rng=stream(seed, "look", device=sent.device))
    link.train()
    spread, expected = (float(x.std(dim=0).mean()) for x in (received, sent))
    if spread < COLLAPSED and expected > 10 * COLLAPSED:
        raise TrainingError(
            f"training collapsed: after {done} steps every image is received as the same one "
            f"(standard deviation over images {spread:.1g}, of the sent ones {expected:.2g}). "
            f"Lower training.learning_rate (now {plan.learning_rate}), or change "
            "system.output_bias or seed"
        )
