import pytest

from semvet.catalog import resolve
from semvet.config.compare import expand
from semvet.config.presets import preset, preset_names
from semvet.errors import ConfigError


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_a_valid_run(name):
    for document in expand(preset(name)):
        assert resolve(document).document()["training"]


def test_an_unknown_preset_names_those_that_there_are():
    with pytest.raises(ConfigError, match=r"'quikstart'; did you mean 'quickstart'\?"):
        preset("quikstart")
