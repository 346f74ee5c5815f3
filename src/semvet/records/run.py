"""What one run found: metrics.json."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import JsonValue, model_validator

from semvet.both import Both
from semvet.config import Run
from semvet.records.base import LAYOUT, Mean, Rate, Record, Share
from semvet.records.exhibits import Exhibit, Number, Table

if TYPE_CHECKING:
    Finding = Any  # JsonValue's lists are invariant, those of callers are not
else:
    Finding = JsonValue
Findings = dict[str, Finding]  # plain numbers and lists of them, named by the defense
PerLevel = tuple[float, ...]


class Level(Record):
    """One trigger level. `psnr_to_target_db`, `ssim_to_target`: of what the adversary wants."""

    asr: Rate
    benign: Rate  # benign images that are hits of this level
    any_target: Share  # triggered images that are hits of any
    psnr_to_target_db: float
    ssim_to_target: float
    recovered_psnr_db: float  # of what is received to the image without its trigger


class SystemFigures(Record):
    """One system as measured: n benign images, n_triggered with each trigger level."""

    n: int
    n_triggered: int
    psnr_db: Mean  # over images, of the mean over channel draws
    psnr_of_mean_mse_db: float
    distortion_outage: Mean
    benign_any: Rate
    levels: tuple[Level, ...]

    @property
    def asr(self) -> list[float]:
        """By level."""
        return [level.asr.value for level in self.levels]

    @property
    def benign(self) -> list[float]:
        """By level."""
        return [level.benign.value for level in self.levels]

    @property
    def asr_mean(self) -> float:
        return sum(self.asr) / len(self.asr)


class TriggerLevel(Record):
    """How visible it is: means over images. None: infinite, or not computable on that machine."""

    ssim: Number
    ssim_cropped: Number  # without a border of 5 pixels
    psnr_db: Number
    tanimoto: Number
    cosine: Number
    l2: Number
    linf: Number
    energy_uniformity: Number
    lpips: Number


class Words(Record):
    """What a goal is called in pictures, tables and sentences."""

    aim: str  # what an image that is a hit came out as
    wanted: str  # what the received image is compared with
    hit: str  # what makes a hit of the only trigger
    hit_of_level: str  # of level k of several
    success: str  # what one trigger does
    successes: str  # what several do
    each: str  # what each of several does
    turns: str  # what benign images do where they are hits
    has_image: bool  # whether `wanted` is one image for all that are sent
    benign_can_hit: bool = True  # whether a benign image can be a hit at all


class GoalRecord(Record):
    """`facts` and `details` say more than ASR does, where there is more to say."""

    name: str
    words: Words
    facts: str | None = None
    details: Table | None = None


class PointRecord(Record):
    channel: str
    snr_db: float


class PoisonSummary(Record):
    controls: tuple[str, ...]
    training_images: int
    count: int


class AttackRecord(Record):
    name: str
    goal: GoalRecord
    in_image: bool  # else the trigger is in what happens to images on the way
    shows_trigger: bool  # whether a trigger changes the image at all
    operating_points: tuple[PointRecord, ...] | None  # by level, where they are the trigger
    triggers: tuple[TriggerLevel, ...]
    lpips_note: str | None
    poison: PoisonSummary


class JudgeRecord(Record):
    rule: str
    alpha: float
    calibration_images: int
    thresholds: Both[PerLevel]


class Judgement(Record):
    """What one rule would call a success, by level."""

    rule: str
    asks: str
    asr: Both[PerLevel]
    benign: Both[PerLevel]


class PrintedRule(Record):
    """The paper's own rule beside the sound one (errata S1, S2): any target above its threshold."""

    rule: str
    thresholds: Both[PerLevel]
    benign: Both[Share]
    asr: Both[PerLevel]


class DetectionLevel(Record):
    auroc: float
    recall: float  # at 1 % false positives
    flagged: Share
    asr_left: Share  # of the images that are let through


class DetectionRecord(Record):
    threshold: float
    ms_per_image: float
    flagged_benign: Share
    levels: tuple[DetectionLevel, ...]


class SuspicionRecord(Record):
    """Of training images. Where none carries a trigger there is nothing to be right about."""

    n: int
    flagged: Share
    poisoned: int
    auroc: float | None = None
    recall: float | None = None
    flagged_benign: float | None = None
    f1: float | None = None


class VoteCertificate(Record):
    """Of the vote J of Theorem 3, not of the average that is deployed."""

    of: str
    n: int
    alpha: float
    copies: int
    radii: PerLevel
    certified_accuracy: PerLevel
    mean_radius: float
    median_radius: float
    abstains: Share
    violates_assumption_2: Share
    certified_coverage: PerLevel  # by trigger level


class DefenseRecord(Record):
    """Behind one defense; `RunRecord.undefended` is the same measurement without it."""

    name: str
    args: Findings
    vantage: tuple[str, ...]
    after: Both[SystemFigures]
    channel_uses_factor: float
    ms_per_image: float
    findings: Both[Findings]
    hindsight: Findings | None  # what somebody who knows the attack could have told it
    detection: Both[DetectionRecord] | None
    suspicion: Both[SuspicionRecord] | None
    certificate: VoteCertificate | None
    exhibits: tuple[Exhibit, ...]


class StudyRecord(Record):
    name: str
    heading: str
    intro: str
    n: int
    headline: str  # one line for a terminal
    exhibits: tuple[Exhibit, ...]


class ClassifierFigures(Record):
    """Accuracy of a classifier that never saw the attack. None: no image has a class."""

    name: str
    parameters: int
    epochs: int
    test: Rate | None  # all test images, as they are
    originals: Rate | None  # the run's, as they are
    received: Both[Rate | None]


class SystemRecord(Record):
    parameters: int
    channel_uses: int
    channel_uses_benign: float
    channel_uses_triggered: PerLevel
    bandwidth_ratio: float
    compression_ratio: float


class SpeedRecord(Record):
    images_per_s: float
    training_seconds: float
    flop_per_s: float
    conv_peak: float
    gemm_peak: float
    flop_utilization: float
    gemm_utilization: float
    precision: str
    precision_reason: str
    training_peak_memory_mib: float
    total_seconds: float
    peak_memory_mib: float


class Provenance(Record):
    semvet: str
    numerics: int
    torch: str
    python: str
    device: str
    data: str
    packaged_sample: bool
    data_fingerprint: str
    seed: int
    finished: str  # UTC, ISO 8601


class RunRecord(Record):
    layout: Literal[3] = LAYOUT
    kind: Literal["run"] = "run"
    id: str
    name: str
    config: Run  # every default explicit
    systems: Both[SystemFigures]
    delta_psnr_db: Mean  # clean minus attacked, image by image
    attack: AttackRecord
    judge: JudgeRecord
    judgements: tuple[Judgement, ...]
    printed_rule: PrintedRule | None
    undefended: Both[SystemFigures] | None  # of the images that defenses are measured on
    defenses: tuple[DefenseRecord, ...]
    studies: tuple[StudyRecord, ...]
    classifier: ClassifierFigures | None
    system: SystemRecord
    speed: SpeedRecord
    provenance: Provenance

    @model_validator(mode="after")
    def _fits(self) -> "RunRecord":
        """Every system has the attack's levels, and defenses stand beside no defense."""
        if self.defenses and self.undefended is None:
            raise ValueError("defenses without the measurement before them")
        every = [self.systems, *(one.after for one in self.defenses)]
        every += [self.undefended] if self.undefended else []
        counts = {len(one.levels) for both in every for _, one in both.items()}
        detections = (one.detection for one in self.defenses if one.detection)
        counts |= {len(one.levels) for both in detections for _, one in both.items()}
        if counts != {len(self.attack.triggers)} or not self.attack.triggers:
            raise ValueError("not the same trigger levels everywhere")
        return self

    def study(self, name: str) -> StudyRecord | None:
        return next((one for one in self.studies if one.name == name), None)
