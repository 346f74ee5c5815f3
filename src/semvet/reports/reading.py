"""A run as its readers see it: what is derived from the record, and the arrays of its pictures."""

from dataclasses import dataclass, field

from semvet.both import Both
from semvet.errors import StoreError
from semvet.records import DefenseRecord, RunRecord, SystemFigures, Words
from semvet.reports.labels import labels
from semvet.store import Arrays, RunFolder

ARRAYS = ("hosts", "wanted", "received_triggered_clean_system")  # of the layout


@dataclass(frozen=True)
class Defended:
    index: int  # position in the record and in the names of the arrays
    label: str  # name, and the arguments that tell it from others of that name
    record: DefenseRecord


@dataclass(frozen=True)
class Reading:
    record: RunRecord
    arrays: Arrays = field(default_factory=dict)  # only pictures need them

    @property
    def levels(self) -> range:
        """1..T, as trigger levels and targets are counted."""
        return range(1, len(self.record.attack.triggers) + 1)

    @property
    def has_attack(self) -> bool:
        """False for the null control, whose `triggered` images are the images themselves."""
        return self.record.config.attack.name != "none"

    @property
    def every_defense(self) -> list[Defended]:
        every = self.record.defenses
        named = labels([(one.name, one.args) for one in every])
        return [Defended(i, *both) for i, both in enumerate(zip(named, every, strict=True))]

    @property
    def defenses(self) -> list[Defended]:
        """All but `none`, which only repeats the figures without a defense."""
        return [one for one in self.every_defense if one.record.name != "none"]

    @property
    def at_work(self) -> list[Defended]:
        """Those that change what is received; others look on, and their pictures would repeat."""
        return [
            one for one in self.defenses if one.record.after.attacked != self.undefended.attacked
        ]

    @property
    def undefended(self) -> Both[SystemFigures]:
        """Of the images that defenses are measured on; of all where there is no defense."""
        return self.record.undefended or self.record.systems

    @property
    def words(self) -> Words:
        return self.record.attack.goal.words

    @property
    def shows_trigger(self) -> bool:
        """Whether a trigger changes the image; else it is there anyway, or is something else."""
        return self.record.attack.shows_trigger

    @property
    def fired_by(self) -> str:
        """What the trigger is where it is not a change of the image; empty where it is one."""
        attack = self.record.attack
        if attack.operating_points:
            return "air"
        if not attack.in_image:
            return "defense"
        return "" if self.words.benign_can_hit or self.shows_trigger else "element"

    @property
    def trigger_air(self) -> str:
        """For example `rayleigh at 0 dB` where the channel is the trigger."""
        points = self.record.attack.operating_points or ()
        return ", ".join(f"{at.channel.lower()} at {at.snr_db:g} dB" for at in points)

    def trigger_name(self, level: int) -> str:
        return "trigger" if len(self.levels) == 1 else f"trigger level {level}"

    @property
    def certified(self) -> list[Defended]:
        return [defense for defense in self.defenses if defense.record.certificate]


def read_run(folder: RunFolder) -> RunRecord:
    """Raises StoreError for a run that is not finished, whose file was changed, or that an earlier
    version left in another layout."""
    return folder.record


def read_reading(folder: RunFolder) -> Reading:
    """With the arrays of its pictures. Raises StoreError as `read_run`, and if one is missing."""
    record, arrays = read_run(folder), folder.evaluation()
    if missing := [name for name in ARRAYS if name not in arrays]:
        raise StoreError(
            f"{folder.path / 'evaluation.safetensors'}: without {', '.join(missing)}; delete the "
            "folder and start the run again (other runs are not affected)"
        )
    return Reading(record, arrays)
