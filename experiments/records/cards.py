"""results/defenses: one card per run, with its null control and one line per defense."""

from pydantic import JsonValue, TypeAdapter

from semvet.records import Record, SuspicionRecord
from semvet.records.run import Findings, PerLevel


class Detected(Record):
    """A detector's figures, by trigger level."""

    threshold: float
    ms_per_image: float | None = None  # None: measured before a detector's time was counted
    flagged_benign: float
    auroc: PerLevel
    recall: PerLevel
    flagged: PerLevel
    asr_left: PerLevel


class DefenseCard(Record):
    """As in the table of the report (`semvet.reports.frontier`), and what the defense found."""

    number: int
    label: str
    vantage: str
    asr: PerLevel
    benign: PerLevel
    other: float | None
    psnr_db: float
    loss_db: float
    clean_loss_db: float
    recovered_psnr_db: PerLevel
    auroc: float | None
    clean_auroc: float | None
    recall: float | None
    radius: float | None
    uses: float
    ms: float
    gone: bool
    misdirected: bool
    certified_coverage: PerLevel | None
    findings: Findings
    clean_system_findings: Findings
    suspicion: SuspicionRecord | None
    detection: Detected | None
    clean_system_detection: Detected | None


class Card(Record):
    data: str
    training_images: int
    system: dict[str, JsonValue]  # name and arguments
    snr_db: float
    attack: dict[str, JsonValue]  # name and arguments
    training: dict[str, JsonValue]
    seed: int
    n: int
    n_behind_a_defense: int
    asr: PerLevel
    psnr_db: float
    clean_system_asr: PerLevel
    clean_system_psnr_db: float
    defenses: tuple[DefenseCard, ...]


CARDS = TypeAdapter(tuple[Card, ...])
