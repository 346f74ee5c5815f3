"""Cropping as a table: what is left of a trigger, and how often it still works.

Paper: SemBugger Table VII, printed beside ours where data, system and attack are its own.
"""

from dataclasses import dataclass

from semvet.reports.numbers import Number
from semvet.reports.record import Record

PRINTED = {1 / 2: (0.9954, 0.105), 1 / 4: (0.9813, 0.089), 1 / 8: (0.9648, 0.062),
           1 / 16: (0.9110, 0.041)}  # ASR, LPIPS  # fmt: skip
PAPERS = {"data": "mnist", "attack": "sembugger", "system": "jscc"}


@dataclass(frozen=True)
class CroppingRow:
    """Visibility, any target and the paper's figures are of the strongest level."""

    ratio: str
    ssim: Number
    l2: Number
    lpips: Number
    asr: list[float]  # by level
    asr_interval: tuple[float, float]
    any_target: Number
    clean_asr: list[float]
    printed_rule: tuple[Number, Number]  # attacked, clean system
    printed_asr: Number = None
    printed_lpips: Number = None


def cropping_table(record: Record) -> list[CroppingRow]:
    """Empty where the study was not made."""
    found = record.metrics["studies"].get("cropping")
    if found is None:
        return []
    attacked, clean = found["attacked"], found["clean"]
    ours = all(record.config[part]["name"] == name for part, name in PAPERS.items())
    return [
        CroppingRow(
            f"1/{1 / ratio:g}" if ratio < 1 else "whole",
            found["ssim"][i][-1], found["l2"][i][-1], found["lpips"][i],
            attacked["asr"][i], tuple(attacked["asr_interval"][i][-1]),
            attacked["any"][i], clean["asr"][i],
            (attacked["printed_rule"][i], clean["printed_rule"][i]),
            *(PRINTED.get(ratio, (None, None)) if ours else ()),
        )
        for i, ratio in enumerate(found["ratios"])
    ]  # fmt: skip
