"""What all records have in common, and the two kinds of number that carry an interval."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from semvet.intervals import rate_interval

LAYOUT: Literal[3] = (
    3  # of everything in the store; files of another layout are refused with the way out
)

Share = Annotated[float, Field(ge=0, le=1)]
Interval = tuple[float, float]


class Record(BaseModel):
    """Frozen; an unknown key, NaN or infinity is an error, when it is read and when it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Rate(Record):
    """A share of n images, with its Clopper-Pearson interval at 95 %."""

    value: Share
    interval: Interval
    n: int = Field(ge=0)

    @classmethod
    def of(cls, successes: int, n: int) -> "Rate":
        return cls(value=successes / n, interval=rate_interval(successes, n), n=n)


class Mean(Record):
    """A mean over n images, with the normal interval of independent values at 95 %."""

    value: float
    interval: Interval
    n: int = Field(ge=1)
