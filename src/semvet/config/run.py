"""One run, fully described. A run's identity is the hash of this record, its data and NUMERICS.

    document (YAML, keywords)  --overrides-->  Run  --catalog-->  Run, all defaults explicit

This room knows the shape of a run, not the plug-ins: `catalog` types their arguments.
"""

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from semvet.config.annotations import Name, Real, Text, Truth, Whole, number
from semvet.config.renamed import with_current_keys
from semvet.config.words import explain

NUMERICS = 2  # raised whenever the same record may give other numbers


STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, **STRICT)


class Spec(BaseModel):
    """A plug-in by its table name, with the keyword arguments of its constructor."""

    model_config = ConfigDict(frozen=True, extra="allow")
    name: Name

    @property
    def args(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


def named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    items = value if isinstance(value, list | tuple) else [value]
    return [named(item) for item in items]


PlugIn = Annotated[Spec, BeforeValidator(named)]
Defenses = Annotated[tuple[Spec, ...], BeforeValidator(_listed), Field(max_length=100)]


class TrainingPlan(Record):
    """How a link is trained. Defaults: the quickstart's recipe (docs/decisions, D-006)."""

    images: Annotated[int, Field(ge=64, le=10_000_000), BeforeValidator(number)] | None = Field(
        None, description="the first so many; none: all there are"
    )
    epochs: Whole = Field(20, ge=0, le=100_000, description="0: the system as it is")
    batch: Whole = Field(48, ge=2, le=65_536)
    learning_rate: Real = Field(3e-3, gt=0, le=1)
    clip_norm: Real = Field(
        0.05, gt=0, le=1_000_000, description="largest norm of a step's gradient"
    )
    snr_spread_db: Real = Field(0.0, ge=0, le=30, description="each step at snr_db +- this")
    precision: Literal["auto", "bf16", "fp32"] = "auto"


ALL_STUDIES = ("cropping", "intensity", "robustness")


class Evaluation(Record):
    """How a trained link is measured."""

    images: Whole = Field(1000, ge=1, le=1_000_000, description="test images, at most")
    draws: Whole = Field(10, ge=1, le=1000, description="channel draws per image for PSNR")
    judge: Literal["conformal", "mu-plus-3-sigma", "mu-minus-3-sigma"] = "conformal"
    alpha: Real = Field(0.005, gt=0, lt=0.5, description="benign hit rate that the judge allows")
    outage_psnr_db: Real = Field(20.0, ge=0, le=100, description="received worse: an outage")
    defended_images: Whole = Field(
        300, ge=1, le=1_000_000, description="test images for each defense, at most"
    )
    studies: tuple[Name, ...] = Field(ALL_STUDIES, max_length=100)
    study_images: Whole = Field(
        300, ge=1, le=1_000_000, description="test images for each study, at most"
    )
    classifier: Literal["none", "small", "regnet-y-200mf", "regnet-y-16gf"] = "none"
    classifier_epochs: Whole = Field(5, ge=1, le=1000)


class TargetImages(Record):
    """Where candidate targets come from. By default random training images, taken out of the data.

    Of a folder or another data set come the first 16; an attack with T levels takes the first T.
    """

    folder: Text | None = Field(None, description="of image files, taken in sorted order")
    data: PlugIn | None = Field(None, description="another data set: out of distribution")
    label: Annotated[int, Field(ge=0, le=65_535), BeforeValidator(number)] | None = Field(
        None, description="only images of this class of `data`"
    )
    fit: Truth = Field(False, description="convert and resize to the shape of the run's images")


class Run(Record):
    """Everything that decides the numbers of a run; the device does not belong here.

    Plug-ins are given by name (`"sembugger"`) or as `{"name": ..., argument: value}`.
    Raises pydantic's ValidationError; `make_run` turns it into a ConfigError.
    """

    data: PlugIn = Spec(name="mnist")
    system: PlugIn = Spec(name="jscc")
    channel: PlugIn = Spec(name="awgn")
    snr_db: Real = Field(25.0, ge=-30, le=100)
    attack: PlugIn = Spec(name="none")
    targets: TargetImages = TargetImages()
    defense: Defenses = (Spec(name="none"),)
    training: TrainingPlan = TrainingPlan()
    evaluation: Evaluation = Evaluation()
    seed: Whole = Field(0, ge=0, lt=10**18)

    def document(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    def under(self, attack: Spec) -> "Run":
        """The same training under another attack, and no defenses."""
        return self.model_copy(update={"attack": attack, "defense": ()})

    def training_record(self) -> dict[str, Any]:
        """What decides the weights: the record without defenses and evaluation."""
        return {k: v for k, v in self.document().items() if k not in ("defense", "evaluation")}


def content_id(record: dict[str, Any], data_fingerprint: str, *, numerics: int = NUMERICS) -> str:
    """12 hex digits of SHA-256 over (record, data, numerics version)."""
    whole = {"record": record, "data": data_fingerprint, "numerics": numerics}
    text = json.dumps(whole, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def make_run(document: dict[str, Any]) -> Run:
    """A Run from a plain document. Raises ConfigError that names key, value and allowed range."""
    try:
        return Run.model_validate(with_current_keys(document))
    except ValidationError as error:
        raise explain(error, where="", model=Run) from None
