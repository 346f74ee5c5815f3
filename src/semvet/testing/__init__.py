"""What semvet relies on in a plug-in, as checks that a package of your own can run.

    from semvet.testing import check_attack
    def test_my_attack():
        check_attack(MyAttack, poison_ratio=0.1)

Each takes the class (or a function that makes one of what the world gives) and the arguments it is
to be tried with, and raises AssertionError that names the broken promise. No pytest is needed.
"""

from semvet.testing.attacks import check_attack
from semvet.testing.channels import check_channel
from semvet.testing.datasets import check_dataset
from semvet.testing.defenses import check_defense
from semvet.testing.systems import check_system

__all__ = ["check_attack", "check_channel", "check_dataset", "check_defense", "check_system"]
