"""The test images of a run, as the adversary sees them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from semvet.attacks import Attack
from semvet.data import ImageSet
from semvet.types import Images, to_images


@dataclass(frozen=True)
class EvaluationImages:
    """`mask` is (n, 1, height, width), 1 where the element of a scene is."""

    benign: Images  # sent as they are
    benign_label: Tensor  # their classes, -1 where there is none
    hosts: Images  # sent with the trigger: the same ones, unless not all can carry it
    hosts_label: Tensor  # their classes, -1 where there is none
    element_removed: Images | None = None  # scenes: the hosts less their element
    mask: Images | None = None

    def first(self, count: int) -> "EvaluationImages":
        return EvaluationImages(
            self.benign[:count], self.benign_label[:count],
            self.hosts[:count], self.hosts_label[:count],
            None if self.element_removed is None else self.element_removed[:count],
            None if self.mask is None else self.mask[:count],
        )  # fmt: skip


def evaluation_images(
    images: ImageSet, attack: Attack, *, count: int, device: torch.device
) -> EvaluationImages:
    """At most `count` images that are sent as they are, and as many with the trigger."""
    carries = attack.carries(images.label)
    benign = images if carries is None else images.take(~carries)
    hosts = images if carries is None else images.take(carries)
    hosts = hosts.take(torch.arange(min(count, len(hosts))))
    removed, mask = hosts.element_removed, hosts.mask
    sent = to_images(hosts.pixels.to(device))
    return EvaluationImages(
        sent if carries is None else to_images(benign.pixels[:count].to(device)),
        benign.label[:count].to(device),
        sent,
        hosts.label.to(device),
        None if removed is None else to_images(removed.to(device)),
        None if removed is None or mask is None else mask[:, None].float().to(device),
    )
