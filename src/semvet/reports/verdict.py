"""The run in one sentence, and each defense in a few words. Rules over intervals, no judgement.

level k is implanted:   lower end of ASR_k's interval  >  upper end of the benign rate of k
                        and of the clean system's ASR_k
level k is gone:        ASR_k - benign rate of k <= 0.01, both behind the defense
a defense misfires:     lower end of the benign rate of some k  >  its upper end before
"""

from typing import Any

from semvet.reports.numbers import db, rate, similarity, span
from semvet.reports.record import Record

GONE = 0.01
MISFIRES = "benign images turn into a target"


def implanted(record: Record) -> list[int]:
    """The levels that bring out their target more often than chance does."""
    attacked, clean = record.metrics["attacked_system"], record.metrics["clean_system"]
    by_level = zip(
        record.levels,
        attacked["asr_interval"],
        attacked["benign_false_positive_interval"],
        clean["asr_interval"],
        strict=True,
    )
    return [k for k, asr, benign, null in by_level if asr[0] > max(benign[1], null[1])]


def verdict(record: Record) -> str:
    if not record.has_attack:
        benign = rate(record.metrics["attacked_system"]["benign_any"])
        return (
            "No attack, the null control: nothing was poisoned, and the judge takes a benign image "
            f"for one of {len(record.levels)} candidate targets in a share of {benign}."
        )
    return f"{_outcome(record)} {_price(record)}"


def _outcome(record: Record) -> str:
    attacked, clean = record.metrics["attacked_system"], record.metrics["clean_system"]
    works, total = implanted(record), len(record.levels)
    asr = f"ASR {span(attacked['asr'])}"
    most = "" if total == 1 else "at most "
    null = (
        f"benign images {most}{rate(max(attacked['benign_false_positive']))}, "
        f"the clean system {most}{rate(max(clean['asr']))}"
    )
    if not works:
        return (
            f"The backdoor is not implanted: no trigger brings out its target more often than "
            f"benign images or a clean system do ({asr}; {null})."
        )
    if total == 1:
        return f"The backdoor is implanted: the trigger brings out its target ({asr}; {null})."
    if len(works) == total:
        return (
            f"The backdoor is implanted: each of the {total} trigger levels brings out its own "
            f"target ({asr}; {null})."
        )
    return (
        f"The backdoor is implanted in part: {_listed(works)} of {total} "
        f"{'brings out its' if len(works) == 1 else 'bring out their'} own target "
        f"({asr}; {null})."
    )


def _price(record: Record) -> str:
    attacked, clean = record.metrics["attacked_system"], record.metrics["clean_system"]
    delta, trigger = attacked["delta_psnr_db"], record.metrics["trigger"]
    change = f"lose {db(delta)} dB" if delta >= 0 else f"gain {db(-delta)} dB"
    which = "trigger" if len(record.levels) == 1 else "strongest trigger"
    return (
        f"Benign images {change} to it (PSNR {db(clean['psnr_db'])} to {db(attacked['psnr_db'])} "
        f"dB), and the {which} has an SSIM of {similarity(trigger['ssim'][-1])} "
        f"with the image that it changes."
    )


def defense_verdict(record: Record, figures: dict[str, Any]) -> str:
    before, after = figures["before"], figures["after"]
    excess = zip(record.levels, after["asr"], after["benign_false_positive"], strict=True)
    left = [k for k, asr, benign in excess if asr - benign > GONE]
    key = "benign_false_positive_interval"
    misfires = any(b[1] < a[0] for b, a in zip(before[key], after[key], strict=True))
    if not record.has_attack or not implanted(record):
        answers = "nothing to remove"
    elif left:
        answers = "backdoor answers" + (f" at {_listed(left)}" if len(record.levels) > 1 else "")
    elif misfires:
        return f"{MISFIRES}, with or without a trigger"
    else:
        return "backdoor gone"
    return f"{answers}; {MISFIRES}" if misfires else answers


def _listed(levels: list[int]) -> str:
    return f"level{'s' if len(levels) > 1 else ''} {', '.join(map(str, levels))}"
