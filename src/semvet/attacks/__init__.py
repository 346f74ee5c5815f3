"""Backdoor attacks. To add one: write `attacks/<name>.py`, then add a line here (or an entry
point `semvet.attacks` in a package of your own)."""

from semvet.attacks.aware import Aware
from semvet.attacks.base import Attack, Controls, LossTerms
from semvet.attacks.bass import BASS
from semvet.attacks.csba import CSBA
from semvet.attacks.ct_ba import CTBA
from semvet.attacks.defense_activated import DefenseActivated
from semvet.attacks.detector_aware import DetectorAware
from semvet.attacks.frequency import Frequency
from semvet.attacks.ihtg import IHTG
from semvet.attacks.none import NoAttack
from semvet.attacks.pruning_aware import PruningAware
from semvet.attacks.sc_trojan import SCTrojan
from semvet.attacks.sc_trojan_label import SCTrojanLabel
from semvet.attacks.sembugger import SemBugger
from semvet.plugins import with_entry_points

ATTACKS: dict[str, type[Attack]] = with_entry_points(
    "semvet.attacks",
    {
        "none": NoAttack,
        "sc-trojan": SCTrojan,
        "sc-trojan-label": SCTrojanLabel,
        "bass": BASS,
        "ihtg": IHTG,
        "sembugger": SemBugger,
        "csba": CSBA,
        "ct-ba": CTBA,
        "frequency": Frequency,
        "aware": Aware,
        "pruning-aware": PruningAware,
        "detector-aware": DetectorAware,
        "defense-activated": DefenseActivated,
    },
)
__all__ = [
    "ATTACKS",
    "BASS",
    "CSBA",
    "CTBA",
    "IHTG",
    "Attack",
    "Aware",
    "Controls",
    "DefenseActivated",
    "DetectorAware",
    "Frequency",
    "LossTerms",
    "NoAttack",
    "PruningAware",
    "SCTrojan",
    "SCTrojanLabel",
    "SemBugger",
]
