"""The families of plug-ins: as lists and groups of entry points name them, and as a run's keys."""

from semvet.config.words import nearest
from semvet.errors import ConfigError

FAMILIES = {
    "attacks": "attack",
    "channels": "channel",
    "datasets": "data",
    "defenses": "defense",
    "systems": "system",
}
PRESETS = "presets"  # listed like a family, but no plug-ins


def kind_of(family: str) -> str:
    """A run's key. Raises ConfigError for a family that there is not."""
    if family not in FAMILIES:
        raise ConfigError(f"no list of {family!r}; {nearest(family, [*FAMILIES, PRESETS])}")
    return FAMILIES[family]
