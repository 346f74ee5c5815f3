"""What semvet.testing asks of any attack, asked of everything in the ATTACKS table."""

import pytest
from every_attack import maker

from semvet.attacks import ATTACKS
from semvet.testing.attacks import PROMISES
from semvet.testing.promise import keep, words


@pytest.mark.parametrize("promise", PROMISES, ids=words)
@pytest.mark.parametrize("name", ATTACKS)
def test_every_attack_keeps_its_promises(name, promise):
    keep([promise], maker(name), what=name)
