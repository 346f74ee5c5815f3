"""Backdoor attacks. To add one: write `attacks/<name>.py`, then add a line here (or an entry
point `semvet.attacks` in a package of your own)."""

from semvet.attacks.base import Attack, Controls, LossTerms
from semvet.attacks.bass import BASS
from semvet.attacks.none import NoAttack
from semvet.attacks.sembugger import SemBugger
from semvet.plugins import with_entry_points

ATTACKS: dict[str, type[Attack]] = with_entry_points(
    "semvet.attacks", {"none": NoAttack, "bass": BASS, "sembugger": SemBugger}
)
__all__ = ["ATTACKS", "BASS", "Attack", "Controls", "LossTerms", "NoAttack", "SemBugger"]
