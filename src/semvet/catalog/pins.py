"""What decides the numbers of a run beside its arguments: files and code, by their SHA-256.

    NAME_sha256    of each file that the plug-in's `pins` names (such as the weights of a codec)
    code_sha256    of the code of a plug-in that is not semvet's own (`code`)

`resolve` writes them into a plug-in's specification, so they belong to the run's identity. One that
is there already is the record of another day: made with other files it is refused.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from semvet.catalog.arguments import arguments
from semvet.catalog.code import code_of, is_ours
from semvet.config import Spec, nearest
from semvet.errors import ConfigError
from semvet.plugins import Pin

SUFFIX = "_sha256"
Pins = dict[str, Pin]  # by their key in a specification


def unpinned(plug_in: type, spec: Spec) -> tuple[dict[str, Any], dict[str, Any]]:
    """A specification's arguments, and the pins that it has already."""
    if is_ours(plug_in) and not hasattr(plug_in, "pins"):
        return spec.args, {}
    names = arguments(plug_in).model_fields
    pins = {k: v for k, v in spec.args.items() if k.endswith(SUFFIX) and k not in names}
    return {k: v for k, v in spec.args.items() if k not in pins}, pins


def pins_of(plug_in: type, typed: BaseModel, where: str) -> Pins:
    """Those of the files as they are now. Raises ConfigError if one cannot be read."""
    named: Mapping[str, Pin] = plug_in.pins(typed) if hasattr(plug_in, "pins") else {}
    found = {f"{name}{SUFFIX}": pin for name, pin in named.items()}
    return found if is_ours(plug_in) else found | {f"code{SUFFIX}": code_of(plug_in, where)}


def require_same(given: Mapping[str, Any], found: Pins, where: str) -> None:
    """Raises ConfigError for the record of a run that was made with other files."""
    for key, expected in given.items():
        if key not in found:
            raise ConfigError(f"{where}.{key}: unknown key; {nearest(key, found)}")
        pin = found[key]
        if expected is not None and expected != pin.sha256:
            name = pin.file or key.removesuffix(SUFFIX)
            raise ConfigError(
                f"{where}.{key}: this record was made with another {name} (SHA-256 "
                f"{str(expected)[:16]}..., now {str(pin.sha256)[:16]}...); restore that file, or "
                f"remove {where}.{key} to make another run with the one that is there"
            )
