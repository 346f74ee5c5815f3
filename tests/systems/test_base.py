"""What is known of the systems of the table beyond what every system promises."""

import pytest
from every_system import VARIANTS, make_link


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_encoders_convolutions_are_exposed_for_pruning(variant):
    assert len(make_link(variant, (1, 28, 28)).system.encoder_convolutions) >= 3
