"""The training engine: many identical, pure steps.

    terms, observed = objective(batch, noise, moment)       pure in these and the parameters
    sum(terms).backward(); clip the gradient's norm; Adam; settle what was observed

Data rest as uint8 on the device that computes; a batch is an index into them. Channel noise is
drawn before the step from a stream of (seed, "channel", step), so that training resumed from a
checkpoint draws what it would have drawn. Benign images and all poisoned levels share a forward.
"""

from typing import final

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from semvet.attacks import Attack, Controls
from semvet.config import TrainingPlan
from semvet.errors import TrainingError
from semvet.learning import Arrays
from semvet.randomness import stream
from semvet.systems import Transceiver
from semvet.training.batches import Batches, Order
from semvet.training.checkpoint import restored, state_of
from semvet.training.machine import Precision, place
from semvet.training.schedule import Phases
from semvet.types import Draws, LossTerms, Moment, Pairs

COLLAPSED = 1e-3  # mean standard deviation over images below which an output is constant

Observed = dict[str, Tensor]


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


@final
class Engine:
    """Trains one link under one attack, by the training loop.

    Args:
        link, attack: trained in place; moved to `device`.
        pairs: poisoned training pairs, uint8.
        plan: epochs, batch, learning rate.
        seed: of the run.
        precision: bf16 autocast or fp32.

    Raises:
        TrainingError: in a step, the outputs have become constant.
    """

    name = "training"

    def __init__(
        self, link: Transceiver, attack: Attack, pairs: Pairs, plan: TrainingPlan, *,
        seed: int, device: torch.device, precision: Precision,
    ):  # fmt: skip
        self.plan, self.seed, self.device = plan, seed, device
        separate = Controls.TRAINING in attack.controls
        self.batches = Batches(pairs.level, batch=plan.batch, separate=separate, seed=seed)
        self.order = Order(self.batches, device)
        self.pairs = moved(pairs, device)
        self.objective = Objective(link, attack, victims=self.batches.victims, precision=precision)
        place(self.objective.train(), device)
        groups = [(list(link.parameters()), 1.0)]
        if own := list(attack.parameters()):
            groups.append((own, attack.learning_rate_factor))
        self.factors = [factor for _, factor in groups]
        self.parameters = [p for parameters, _ in groups for p in parameters]
        self.optimizer = torch.optim.Adam([{"params": ps} for ps, _ in groups], fused=True)
        # without anything to train, such as the reference lines, it is finished from the start
        trainable = any(p.requires_grad for p in self.parameters)
        self.steps_per_epoch, self.images = self.batches.steps_per_epoch, plan.batch
        self.steps = plan.epochs * self.steps_per_epoch if trainable else 0
        self.phases = Phases(link.system, self.steps)
        self.way_out = f"lower training.learning_rate (now {plan.learning_rate})"
        self.flop: dict[int, float] = {}  # of one step, by phase

    @property
    def flop_per_step(self) -> float:
        """Mean over the phases."""
        return sum(self.flop.values()) / max(1, len(self.flop))

    def learn(self, step: int) -> LossTerms:
        index = self.order.row(step)
        self.phases.begin(step)
        if (phase := self.phases.moment(step).phase) not in self.flop:
            self.flop[phase] = self._count_flop(step, index)
        terms = self._one_step(step, index)
        if (step + 1) % self.steps_per_epoch == 0 and step + 1 >= self.steps / 4:
            self._refuse_constant_output(step)  # early on it is normal
        self.phases.end(step)
        return terms

    def state(self) -> Arrays:
        flop = {f"flop/{phase}": np.array(count) for phase, count in self.flop.items()}
        return state_of(self.objective, self.optimizer) | flop

    def restore(self, state: Arrays) -> bool:
        phases = range(self.objective.link.system.phases)
        flop = {i: state[f"flop/{i}"] for i in phases if f"flop/{i}" in state}
        others = {name: array for name, array in state.items() if not name.startswith("flop/")}
        if len(flop) + len(others) < len(state) or not all(map(_is_count, flop.values())):
            return False
        if not restored(self.objective, self.optimizer, others):
            return False
        self.flop = {phase: float(count) for phase, count in flop.items()}
        return True

    def prepare(self, step: int, index: Tensor) -> tuple[Pairs, Draws, Moment]:
        """What a step is a function of, beside the parameters."""
        rng = stream(self.seed, "channel", index=step, device=self.device)
        attack, victims = self.objective.attack, self.objective.victims
        noise = attack.draw(self.objective.link, len(index), victims, rng=rng)
        return self.pairs.batch(index), noise, self.phases.moment(step)

    def _one_step(self, step: int, index: Tensor) -> LossTerms:
        given = self.prepare(step, index)
        rate = self.phases.rate(step, self.plan.learning_rate)
        for group, factor in zip(self.optimizer.param_groups, self.factors, strict=True):
            group["lr"] = factor * rate
        terms, observed = self.objective(*given)
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.parameters, self.plan.clip_norm, foreach=True)
        self.optimizer.step()
        self.objective.link.system.settle(observed)
        return terms

    def _count_flop(self, step: int, index: Tensor) -> float:
        given = self.prepare(step, index)
        with FlopCounterMode(display=False) as counter:
            terms, _ = self.objective(*given)
            torch.stack(list(terms.values())).sum().backward()
        self.optimizer.zero_grad(set_to_none=True)
        return float(counter.get_total_flops())

    def _refuse_constant_output(self, step: int) -> None:
        done, link = f"{step + 1} of {self.steps}", self.objective.link
        now = link.during(self.phases.moment(step))
        refuse_constant_output(now, self.pairs, done, self.plan, self.seed)


def _is_count(array: np.ndarray) -> bool:
    return array.shape == () and array.dtype == np.float64 and bool(np.isfinite(array))


def moved(pairs: Pairs, device: torch.device) -> Pairs:
    """Without `element_removed`, which training does not need."""
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
