"""What is certified of a run's smoothed pictures, beside the best attack: certificates-<id>.json.

Every list over radii has one value for each of `radii`; dB from 0 (nothing is certified) to 100.
"""

from typing import Annotated, Literal

from annotated_types import Len
from pydantic import BeforeValidator, Field

from semvet.config import Real, Truth, Whole, number
from semvet.records.base import LAYOUT, Record, Share

OverRadii = tuple[float, ...]
IN_SIGMA = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0)  # default radii
Radius = Annotated[float, Field(gt=0, le=1000), BeforeValidator(number)]


class Certifying(Record):
    """What to certify, and how sure. Defaults: docs/decisions, D-034."""

    sigma: Real = Field(0.25, gt=0, le=4, description="of the smoothing noise, in pixel units")
    clip: Truth = Field(False, description="noisy images are clipped to [0, 1] (errata S3)")
    n: Whole = Field(10_000, ge=100, le=10_000_000, description="copies that bounds come from")
    n0: Whole = Field(1000, ge=10, le=10_000_000, description="copies that choices come from")
    alpha: Real = Field(0.001, ge=1e-6, lt=0.5, description="1 - confidence, for each image")
    radii: Annotated[tuple[Radius, ...], Len(1, 1000)] | None = Field(
        None, description="L2 in pixel units; none: .1 to 3 sigma"
    )
    images: Whole = Field(20, ge=1, le=1_000_000, description="test images, at most")
    attack_images: Whole = Field(5, ge=0, le=1000, description="so many of them are attacked")
    attack_steps: Whole = Field(20, ge=1, le=10_000)
    attack_copies: Whole = Field(16, ge=1, le=10_000, description="in every step")
    hardened: Annotated[int, Field(ge=0, le=1000), BeforeValidator(number)] | None = Field(
        None, description="the system that this defense left"
    )
    seed: Whole = Field(0, ge=0, lt=10**18)

    @property
    def at(self) -> list[float]:
        """Radii in pixel units, ascending."""
        return sorted(self.radii or [a * self.sigma for a in IN_SIGMA])


class Quantiles(Record):
    """Over images, point by point: 10, 50 and 90 %."""

    low: OverRadii
    median: OverRadii
    high: OverRadii


class CurveRecord(Record):
    """One certificate of one smoother. `share_...`: of images, by dB as text."""

    smoother: str
    words: str  # for a legend
    between_db: Quantiles  # PSNR(S(x'), S(x)) is at least this
    share_between_db_at_least: dict[str, tuple[Share, ...]]
    truth_db: Quantiles  # PSNR(S(x'), x) is at least this
    share_truth_db_at_least: dict[str, tuple[Share, ...]]
    abstained: tuple[Share, ...]


class CenterSSIM(Record):
    between: Quantiles
    truth: Quantiles
    abstained: tuple[Share, ...]


class TargetRecord(Record):
    """How near the mean can come to one target."""

    way: Quantiles  # at most this share of the way
    psnr_db: Quantiles
    usual_db: float


class Reached(Record):
    """By the attack, of one smoother's pictures."""

    between_db: Quantiles
    truth_db: Quantiles


class FoundAt(Record):
    """One image at one radius."""

    radius: float
    mean_psnr_db: float
    median_psnr_db: float
    mean_psnr_to_image_db: float
    median_psnr_to_image_db: float
    target_psnr_db: OverRadii


class FoundRecord(Record):
    n: int
    mean: Reached
    median: Reached
    target_psnr_db: tuple[Quantiles, ...]
    target_certified_db: tuple[Quantiles, ...]  # of the same images
    by_image: tuple[tuple[FoundAt, ...], ...]


class Compared(Record):
    """Certified values that were attacked, and how many of them were undercut."""

    values: int
    crossings: int


class CurveOfImage(Record):
    smoother: str
    words: str
    between_db: OverRadii
    truth_db: OverRadii
    abstained: tuple[bool, ...]


class SSIMOfImage(Record):
    smoother: str
    between: OverRadii
    truth: OverRadii
    abstained: tuple[bool, ...]


class TargetOfImage(Record):
    way: OverRadii
    psnr_db: OverRadii
    usual_db: float


class OfImage(Record):
    sigma: float
    clip: bool
    n0: int
    n: int
    alpha: float
    radii: OverRadii
    average_db: float | None
    curves: dict[str, CurveOfImage]
    center_ssim: SSIMOfImage | None
    targets: tuple[TargetOfImage, ...]


class SystemCertificates(Record):
    n: int
    average_db: tuple[float | None, ...]
    curves: dict[str, CurveRecord]
    center_ssim: CenterSSIM | None
    targets: tuple[TargetRecord, ...]
    found: FoundRecord | None
    compared: Compared
    by_image: tuple[OfImage, ...]


class TriggerNorms(Record):
    """L2 of the attack's own trigger, level by level, image by image: what radii are held to."""

    attack: str
    l2: tuple[tuple[float, ...], ...]


class CertificateRecord(Record):
    layout: Literal[3] = LAYOUT
    kind: Literal["certificate"] = "certificate"
    run: str
    weights_sha256: str
    asked: Certifying
    radii: OverRadii
    images: int
    which_images: str
    expected_failures: float
    trigger: TriggerNorms
    systems: dict[Literal["attacked", "clean"], SystemCertificates]
    seconds: float
    device: str
    semvet: str
    numerics: int
