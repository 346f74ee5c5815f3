"""The families of plug-ins, and what each of them holds."""

from collections.abc import Mapping

from semvet.attacks import ATTACKS
from semvet.channels import CHANNELS
from semvet.config import Spec, nearest
from semvet.data import DATASETS
from semvet.defenses import DEFENSES
from semvet.errors import ConfigError
from semvet.systems import SYSTEMS

TABLES: dict[str, Mapping[str, type]] = {
    "data": DATASETS,
    "system": SYSTEMS,
    "channel": CHANNELS,
    "attack": ATTACKS,
    "defense": DEFENSES,
}


def found(spec: Spec, kind: str, where: str) -> type:
    """The plug-in of that name. Raises ConfigError with the names that there are."""
    table = TABLES[kind]
    if spec.name not in table:
        raise ConfigError(f"{where}: no {kind} named {spec.name!r}; {nearest(spec.name, table)}")
    return table[spec.name]
