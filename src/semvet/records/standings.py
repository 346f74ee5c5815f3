"""Finished runs beside each other, as `semvet leaderboard --json` prints them."""

from pydantic import JsonValue

from semvet.records.base import Interval, Record, Share


class OverRuns(Record):
    """A figure over runs that differ in nothing but the seed; one seed has no interval."""

    mean: float
    interval: Interval | None


class Standing(Record):
    """One attack in one setting."""

    label: str  # name, and the arguments that tell it from others of that name
    attack: dict[str, JsonValue]  # name and arguments
    setting: str  # data, system, channel, SNR, and what tells it from others with these
    goal: str
    aim: str  # what a hit comes out as
    has_image: bool  # whether that is one image
    seeds: tuple[int, ...]
    n: int  # judged images of one run
    poison: str  # images of training images
    packaged_sample: bool
    asr: OverRuns  # mean over levels
    weakest: float  # the smallest ASR of any level and seed
    null_asr: float  # the largest of any level and seed, of the clean system
    benign: float  # the largest benign rate of any level and seed
    clean_psnr_db: float
    delta_psnr_db: OverRuns
    psnr_to_target_db: float  # of what is received with the trigger, mean over levels and seeds
    ssim: float | None  # of the strongest trigger; None: there is none in the image
    l2: float | None


class Cell(Record):
    """One defense against one attack: the worst over levels and seeds."""

    seeds: tuple[int, ...]
    asr: Share  # left
    excess: float  # the same less the benign rate of that level
    gone: bool  # by the rule of a report
    loss_db: float  # of benign images
    auroc: float | None


class DefenseRow(Record):
    label: str
    cells: tuple[Cell | None, ...]  # by attack; None: they never met


class DefenseMatrix(Record):
    setting: str
    packaged_sample: bool
    attacks: tuple[str, ...]
    rows: tuple[DefenseRow, ...]
    gone_excess: float  # an attack is gone at most so far above the benign rate
