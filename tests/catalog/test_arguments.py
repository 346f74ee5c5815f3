import pytest

from semvet.catalog import arguments
from semvet.errors import ConfigError


class Untyped:
    def __init__(self, *, strength=1):
        self.strength = strength


class Named:
    def __init__(self, *, name: str = "x"):
        self.name = name


@pytest.mark.parametrize("plug_in", [Untyped, Named])
def test_a_plug_in_whose_arguments_cannot_be_checked_is_named(plug_in):
    with pytest.raises(ConfigError, match=rf"plug-in .*{plug_in.__name__}: its argument"):
        arguments(plug_in)
