import pytest
import torch
from every_plug_in import NEEDED, PLUG_INS

from semvet.catalog import (
    TABLES,
    make_attack,
    make_channel,
    make_defense,
    make_source,
    make_system,
    resolve,
)
from semvet.types import ImageShape


@pytest.mark.parametrize(("kind", "name"), PLUG_INS)
def test_a_plug_in_is_made_from_its_resolved_record(kind, name):
    spec = {"name": name, **NEEDED.get(name, {})}
    record = getattr(resolve({kind: [spec] if kind == "defense" else spec}), kind)
    targets = torch.rand(16, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    made = {
        "data": lambda: make_source(record),
        "system": lambda: make_system(record, ImageShape(1, 28, 28)),
        "channel": lambda: make_channel(record),
        "attack": lambda: make_attack(record, targets),
        "defense": lambda: make_defense(*record),
    }[kind]()
    assert type(made) is TABLES[kind][name]
