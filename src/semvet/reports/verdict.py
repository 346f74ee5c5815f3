"""The run in one sentence, and each defense in a few words. Rules over intervals, no judgement.

level k is implanted:   lower end of ASR_k's interval  >  upper end of the benign rate of k
                        and of the clean system's ASR_k
level k is gone:        ASR_k - benign rate of k <= 0.01, both behind the defense
a defense misfires:     lower end of the benign rate of some k  >  its upper end before
a defense fires it:     the same of the rate of any outcome, and above the clean system's there
"""

from typing import Any

from semvet.reports.numbers import db, rate, short, similarity, span
from semvet.reports.record import DefenseRecord, Record

GONE = 0.01


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


def fired(record: Record) -> list[DefenseRecord]:
    """The defenses that are triggers themselves: no image that was sent through them had one."""
    if not record.has_attack or implanted(record):
        return []
    return [defense for defense in record.defenses if _fires(defense.figures)]


def _fires(figures: dict[str, Any]) -> bool:
    key = "benign_any_interval"
    null = max(figures["before"][key][1], figures["clean_system_after"][key][1])
    return bool(figures["after"][key][0] > null)


def verdict(record: Record) -> str:
    if not record.has_attack:
        benign = rate(record.metrics["attacked_system"]["benign_any"])
        return (
            "No attack, the null control: nothing was poisoned, and the judge takes a benign image "
            f"for one of {len(record.levels)} candidate targets in a share of {benign}."
        )
    return f"{_fired_outcome(record) or _outcome(record)} {_price(record)}"


def _fired_outcome(record: Record) -> str:
    """Of a backdoor that a defense opens; empty where there is none."""
    worst = max(fired(record), key=lambda one: one.figures["after"]["benign_any"], default=None)
    if worst is None:
        return ""
    after, null = worst.figures["after"], worst.figures["clean_system_after"]
    without = rate(worst.figures["before"]["benign_any"])
    return (
        f"The backdoor is implanted, and the defense fires it: behind {worst.label}, "
        f"{record.words.turns} in a share of {rate(after['benign_any'])} (without it {without}, "
        f"the clean system behind it {rate(null['benign_any'])})."
    )


def _outcome(record: Record) -> str:
    works, total = implanted(record), len(record.levels)
    facts = _facts(record)
    one, several = record.words.success, record.words.successes
    what = "the element" if record.fired_by == "element" else "the trigger"
    if not works and record.fired_by == "defense":
        return (
            f"Nothing fires without a defense: {facts}. Whether a backdoor is implanted shows "
            "behind the defense that it was made for only."
        )
    if not works:
        return (
            f"The backdoor is not implanted: {what} {one} no more often than by chance ({facts})."
            if total == 1
            else f"The backdoor is not implanted: no trigger {one} more often than benign images "
            f"or a clean system do ({facts})."
        )
    if total == 1:
        asr = record.metrics["attacked_system"]["asr"][0]
        rarely = "" if asr >= 0.5 else ", though it works on less than half of the images"
        return f"The backdoor is implanted{rarely}: {what} {one} ({facts})."
    if len(works) == total:
        each = "brings out its own target" if record.goal == "TARGET" else one
        return f"The backdoor is implanted: each of the {total} trigger levels {each} ({facts})."
    return (
        f"The backdoor is implanted in part: {_listed(works)} of {total} "
        f"{one if len(works) == 1 else several} ({facts})."
    )


def _facts(record: Record) -> str:
    if record.goal == "REMOVAL":
        return _removal_facts(record.metrics)
    attacked, clean = record.metrics["attacked_system"], record.metrics["clean_system"]
    most = "" if len(record.levels) == 1 else "at most "
    benign = f"benign images {most}{rate(max(attacked['benign_false_positive']))}, "
    return f"ASR {span(attacked['asr'])}; {benign}the clean system {most}{rate(max(clean['asr']))}"


def _removal_facts(metrics: dict[str, Any]) -> str:
    ours, clean = metrics["removal"]["attacked"], metrics["clean_system"]
    return (
        f"ASR {span(metrics['attacked_system']['asr'])}: the element is gone in "
        f"{rate(ours['region_removed'])}, the rest kept in {rate(ours['rest_kept'])} of the "
        f"scenes; the clean system {rate(max(clean['asr']))}"
    )


def _price(record: Record) -> str:
    attacked, clean = record.metrics["attacked_system"], record.metrics["clean_system"]
    delta = attacked["delta_psnr_db"]
    change = f"lose {db(delta)} dB" if delta >= 0 else f"gain {db(-delta)} dB"
    change = change if float(db(delta)) else "lose nothing"
    return (
        f"Benign images {change} to it (PSNR {db(clean['psnr_db'])} to {db(attacked['psnr_db'])} "
        f"dB), and {_trigger(record)}."
    )


def _trigger(record: Record) -> str:
    match record.fired_by:
        case "air":
            nominal = f"{record.config['channel']['name']} at {short(record.config['snr_db'])} dB"
            at = f"{record.trigger_air} instead of {nominal}"
            return f"no image is touched: the trigger is the air, {at}"
        case "defense":
            return "no trigger is ever sent: what a defense does to the image is the trigger"
        case "element":
            return "nothing is added to an image: the trigger is the element that is in it anyway"
    which = "trigger" if len(record.levels) == 1 else "strongest trigger"
    seen = similarity(record.metrics["trigger"]["ssim"][-1])
    return f"the {which} has an SSIM of {seen} with the image that it changes"


def defense_verdict(record: Record, figures: dict[str, Any]) -> str:
    before, after, misfire = figures["before"], figures["after"], record.words.turns
    excess = zip(record.levels, after["asr"], after["benign_false_positive"], strict=True)
    left = [k for k, asr, benign in excess if asr - benign > GONE]
    key = "benign_false_positive_interval"
    misfires = any(b[1] < a[0] for b, a in zip(before[key], after[key], strict=True))
    if not record.has_attack or not implanted(record):
        if record.has_attack and _fires(figures):
            return f"fires the backdoor: {misfire}"
        answers = "nothing to remove"
    elif left:
        answers = "backdoor answers" + (f" at {_listed(left)}" if len(record.levels) > 1 else "")
    elif misfires:
        return f"{misfire}, with or without a trigger"
    else:
        return "backdoor gone"
    return f"{answers}; {misfire}" if misfires else answers


def _listed(levels: list[int]) -> str:
    return f"level{'s' if len(levels) > 1 else ''} {', '.join(map(str, levels))}"
