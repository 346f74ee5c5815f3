"""What things are called beside others of their kind: a name, and only what tells them apart."""

from collections.abc import Iterable, Mapping, Sequence

Args = Mapping[str, object]
Named = tuple[str, Args]  # a plug-in's name and its arguments


def labels(every: Sequence[Named]) -> list[str]:
    """`semantic-smoothing sigma=0.25` where sigma is all that differs among its namesakes; parts
    of a combination are joined by ` + `, the innermost first."""
    apart = [_parts(*one) for one in every]
    different = telling(part for parts in apart for part in parts)

    def label(name: str, args: dict[str, str]) -> str:
        shown = (f"{key}={value}" for key, value in args.items() if key in different[name])
        return " ".join([name, *shown])

    return [" + ".join(label(*part) for part in parts) for parts in apart]


def telling(every: Iterable[tuple[str, dict[str, str]]]) -> dict[str, list[str]]:
    """By name: the keys that namesakes do not all have, or have with other values."""
    found: dict[str, list[dict[str, str]]] = {}
    for name, args in every:
        found.setdefault(name, []).append(args)
    return {name: _different(namesakes) for name, namesakes in found.items()}


def _different(namesakes: list[dict[str, str]]) -> list[str]:
    keys = dict.fromkeys(key for args in namesakes for key in args)
    return [key for key in keys if len({args.get(key) for args in namesakes}) > 1]


def _parts(name: str, args: Args) -> list[tuple[str, dict[str, str]]]:
    """Name and arguments of a plug-in, or of each part of a combination."""
    parts = args.get("parts")
    if not _is_list_of_records(parts):
        return [(name, _named(args))]
    assert isinstance(parts, list)
    return [
        (str(part["name"]), _named({k: v for k, v in part.items() if k != "name"}))
        for part in parts
        if isinstance(part, dict) and "name" in part
    ]


def _named(args: Args) -> dict[str, str]:
    """Flat, a plug-in inside another one by its name: `base=bass base.levels=2`."""
    return {key.removesuffix(".name"): text for key, text in flat(args).items()}


def arguments(args: Args) -> str:
    """As on the command line: `sigma=0.25 clip=false`."""
    return " ".join(f"{key}={plain(value)}" for key, value in args.items())


def plain(value: object) -> str:
    """A value as YAML would show it."""
    words = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def flat(config: Args) -> dict[str, str]:
    """Every key of a configuration as an override would name it: `attack.levels`."""
    flattened: dict[str, str] = {}
    for key, value in config.items():
        inner = _by_position(value) if _is_list_of_records(value) else value
        if isinstance(inner, dict) and inner:
            flattened |= {f"{key}.{name}": text for name, text in flat(inner).items()}
        else:
            flattened[str(key)] = plain(value)
    return flattened


def _by_position(values: object) -> dict[str, object]:
    return {str(i): value for i, value in enumerate(values)} if isinstance(values, list) else {}


def _is_list_of_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
