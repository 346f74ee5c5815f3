"""What semvet.testing asks of any channel, asked of everything in the CHANNELS table."""

import pytest
from every_channel import VARIANTS

from semvet.testing.channels import PROMISES
from semvet.testing.promise import keep, words


@pytest.mark.parametrize("promise", PROMISES, ids=words)
@pytest.mark.parametrize("name", VARIANTS)
def test_every_channel_keeps_its_promises(name, promise):
    keep([promise], lambda: VARIANTS[name], what=name)
