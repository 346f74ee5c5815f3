"""What a report shows: one run's configuration, numbers and arrays, read once."""

from dataclasses import dataclass
from typing import Any

from semvet.errors import StoreError
from semvet.reports.goals import GOALS, Words
from semvet.store import Arrays, RunFolder

FIGURES = ("attack", "judgements", "literal", "studies", "trigger_lpips_note")
ARRAYS = ("carriers", "wanted", "received_triggered_clean_system")


@dataclass(frozen=True)
class DefenseRecord:
    index: int  # position in metrics["defenses"] and in the names of the arrays
    label: str  # name, and the arguments that tell it from others of that name
    figures: dict[str, Any]


@dataclass(frozen=True)
class Record:
    name: str
    config: dict[str, Any]
    metrics: dict[str, Any]
    arrays: Arrays

    @property
    def levels(self) -> range:
        """1..T, as trigger levels and targets are counted."""
        return range(1, len(self.metrics["attacked_system"]["asr"]) + 1)

    @property
    def has_attack(self) -> bool:
        """False for the null control, whose `triggered` images are the images themselves."""
        return self.config["attack"]["name"] != "none"

    @property
    def defenses(self) -> list[DefenseRecord]:
        """All but `none`, which only repeats the figures without a defense."""
        every = self.metrics["defenses"]
        return [
            DefenseRecord(index, label, figures)
            for index, (figures, label) in enumerate(zip(every, labels(every), strict=True))
            if figures["name"] != "none"
        ]

    @property
    def at_work(self) -> list[DefenseRecord]:
        """Those that change what is received; others look on, and their pictures would repeat."""
        return [one for one in self.defenses if one.figures["after"] != one.figures["before"]]

    @property
    def goal(self) -> str:
        """TARGET: an image of the adversary's. LABEL: a class. REMOVAL: a scene less an element."""
        return str(self.metrics["attack"]["goal"])

    @property
    def words(self) -> Words:
        return GOALS[self.goal]

    @property
    def shows_trigger(self) -> bool:
        """Whether a trigger changes the image; else it is there anyway, or is something else."""
        return bool(self.metrics["trigger"]["l2"][-1])

    @property
    def fired_by(self) -> str:
        """What the trigger is where it is not a change of the image; empty where it is one."""
        attack = self.metrics["attack"]
        if attack["air"]:
            return "air"
        if not attack["in_image"]:
            return "defense"
        return "element" if self.goal == "REMOVAL" and not self.shows_trigger else ""

    @property
    def trigger_air(self) -> str:
        """For example `rayleigh at 0 dB` where the channel is the trigger."""
        points = [
            f"{at['channel'].lower()} at {at['snr_db']:g} dB"
            for at in self.metrics["attack"]["air"]
        ]
        return ", ".join(points)

    def trigger_name(self, level: int) -> str:
        return "trigger" if len(self.levels) == 1 else f"trigger level {level}"

    @property
    def certified(self) -> list[DefenseRecord]:
        return [defense for defense in self.defenses if defense.figures["certificate"]]


def read_record(folder: RunFolder) -> Record:
    """Raises StoreError for a run that is not finished, whose files were changed, or that an
    earlier version left without figures that reports are made of."""
    metrics, arrays = folder.metrics, folder.evaluation()
    missing = [name for name in FIGURES if name not in metrics]
    missing += [name for name in ARRAYS if name not in arrays]
    if missing:
        written = metrics["provenance"]
        raise StoreError(
            f"{folder.path}: an earlier semvet ({written['semvet']}, numerics "
            f"{written['numerics']}) wrote it, without {', '.join(missing)}; run the same "
            "configuration again with this version"
        )
    return Record(folder.path.name, folder.config, metrics, arrays)


def labels(defenses: list[dict[str, Any]]) -> list[str]:
    """`semantic-smoothing sigma=0.25` where sigma is all that differs among its namesakes; parts
    of a combination are joined by ` + `, the innermost first."""
    apart = [_parts(one) for one in defenses]
    known = [part for parts in apart for part in parts]

    def label(name: str, args: dict[str, Any]) -> str:
        namesakes = [theirs for other, theirs in known if other == name]
        telling = {
            key: value
            for key, value in args.items()
            if any(theirs.get(key) != value for theirs in namesakes)
        }
        return " ".join([name, arguments(telling)]).strip()

    return [" + ".join(label(*part) for part in parts) for parts in apart]


def _parts(one: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Name and arguments of a defense, or of each part of a combination."""
    parts = one["args"].get("parts")
    if parts is None:
        return [(one["name"], one["args"])]
    return [(part["name"], {k: v for k, v in part.items() if k != "name"}) for part in parts]


def arguments(args: dict[str, Any]) -> str:
    """As on the command line: `sigma=0.25 clip=false`."""
    return " ".join(f"{key}={plain(value)}" for key, value in args.items())


def plain(value: Any) -> str:
    """A value as YAML would show it."""
    words = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def flat(config: dict[str, Any]) -> dict[str, str]:
    """Every key of a configuration as an override would name it: `attack.levels`."""
    flattened: dict[str, str] = {}
    for key, value in config.items():
        inner = _by_position(value) if _is_list_of_records(value) else value
        if isinstance(inner, dict) and inner:
            flattened |= {f"{key}.{name}": text for name, text in flat(inner).items()}
        else:
            flattened[str(key)] = plain(value)
    return flattened


def _by_position(values: list[Any]) -> dict[str, Any]:
    return {str(i): value for i, value in enumerate(values)}


def _is_list_of_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
