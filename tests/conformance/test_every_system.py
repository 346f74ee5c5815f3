"""What semvet.testing asks of any system, asked of everything in the SYSTEMS table."""

from functools import partial

import pytest
from every_system import CONFIGS, REFERENCE_LINES, VARIANTS

from semvet.systems import SYSTEMS
from semvet.testing.promise import keep, words
from semvet.testing.systems import PROMISES

MADE = {
    **{variant: partial(SYSTEMS[name], **config) for variant, (name, config) in VARIANTS.items()},
    **{name: SYSTEMS[name] for name in REFERENCE_LINES},
}


def test_every_system_is_tested_here():
    assert {*CONFIGS, *REFERENCE_LINES} == {*SYSTEMS}


@pytest.mark.parametrize("promise", PROMISES, ids=words)
@pytest.mark.parametrize("variant", MADE)
def test_every_system_keeps_its_promises(variant, promise):
    keep([promise], MADE[variant], what=variant)
