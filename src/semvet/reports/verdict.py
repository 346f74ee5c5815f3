"""The run in one sentence, and each defense in a few words. Rules over intervals, no judgement.

level k is implanted:   lower end of ASR_k's interval  >  upper end of the benign rate of k
                        and of the clean system's ASR_k
level k is gone:        ASR_k - benign rate of k <= 0.01, both behind the defense
a defense misfires:     lower end of the benign rate of some k  >  its upper end before
a defense fires it:     the same of the rate of any outcome, and above the clean system's there
"""

from semvet.records import DefenseRecord
from semvet.reports.numbers import db, rate, short, similarity, span
from semvet.reports.reading import Defended, Reading

GONE = 0.01


def implanted(reading: Reading) -> list[int]:
    """The levels that bring out their target more often than chance does."""
    systems = reading.record.systems
    by_level = zip(reading.levels, systems.attacked.levels, systems.clean.levels, strict=True)
    return [
        k
        for k, ours, null in by_level
        if ours.asr.interval[0] > max(ours.benign.interval[1], null.asr.interval[1])
    ]


def fired(reading: Reading) -> list[Defended]:
    """The defenses that are triggers themselves: no image that was sent through them had one."""
    if not reading.has_attack or implanted(reading):
        return []
    return [defense for defense in reading.defenses if _fires(reading, defense.record)]


def works(reading: Reading) -> bool:
    return reading.has_attack and bool(implanted(reading) or fired(reading))


def _fires(reading: Reading, one: DefenseRecord) -> bool:
    before, after = reading.undefended.attacked, one.after
    null = max(before.benign_any.interval[1], after.clean.benign_any.interval[1])
    return after.attacked.benign_any.interval[0] > null


def verdict(reading: Reading) -> str:
    if not reading.has_attack:
        benign = rate(reading.record.systems.attacked.benign_any.value)
        return (
            "No attack, the null control: nothing was poisoned, and the judge takes a benign image "
            f"for one of {len(reading.levels)} candidate targets in a share of {benign}."
            f"{_sample(reading)}"
        )
    outcome = _fired_outcome(reading) or _outcome(reading)
    return f"{outcome} {_price(reading)}{_sample(reading)}"


def _sample(reading: Reading) -> str:
    packaged = reading.record.provenance.packaged_sample
    return " Figures are of the packaged sample." if packaged else ""


def _fired_outcome(reading: Reading) -> str:
    """Of a backdoor that a defense opens; empty where there is none."""
    by_rate = {one.record.after.attacked.benign_any.value: one for one in fired(reading)}
    if not by_rate:
        return ""
    worst = by_rate[max(by_rate)]
    null = worst.record.after.clean.benign_any.value
    without = rate(reading.undefended.attacked.benign_any.value)
    return (
        f"The backdoor is implanted, and the defense fires it: behind {worst.label}, "
        f"{reading.words.turns} in a share of {rate(max(by_rate))} (without it {without}, "
        f"the clean system behind it {rate(null)})."
    )


def _outcome(reading: Reading) -> str:
    answering, total = implanted(reading), len(reading.levels)
    facts = reading.record.attack.goal.facts or _facts(reading)
    one, several = reading.words.success, reading.words.successes
    what = "the element" if reading.fired_by == "element" else "the trigger"
    if not answering and reading.fired_by == "defense":
        return (
            f"Nothing fires without a defense: {facts}. Whether a backdoor is implanted shows "
            "behind the defense that it was made for only."
        )
    if not answering:
        return (
            f"The backdoor is not implanted: {what} {one} no more often than by chance ({facts})."
            if total == 1
            else f"The backdoor is not implanted: no trigger {one} more often than benign images "
            f"or a clean system do ({facts})."
        )
    if total == 1:
        asr = reading.record.systems.attacked.asr[0]
        rarely = "" if asr >= 0.5 else ", though it works on less than half of the images"
        return f"The backdoor is implanted{rarely}: {what} {one} ({facts})."
    if len(answering) == total:
        each = reading.words.each
        return f"The backdoor is implanted: each of the {total} trigger levels {each} ({facts})."
    return (
        f"The backdoor is implanted in part: {_listed(answering)} of {total} "
        f"{one if len(answering) == 1 else several} ({facts})."
    )


def _facts(reading: Reading) -> str:
    attacked, clean = reading.record.systems.attacked, reading.record.systems.clean
    most = "" if len(reading.levels) == 1 else "at most "
    benign = f"benign images {most}{rate(max(attacked.benign))}, "
    return f"ASR {span(attacked.asr)}; {benign}the clean system {most}{rate(max(clean.asr))}"


def _price(reading: Reading) -> str:
    systems, delta = reading.record.systems, reading.record.delta_psnr_db.value
    change = f"lose {db(delta)} dB" if delta >= 0 else f"gain {db(-delta)} dB"
    change = change if float(db(delta)) else "lose nothing"
    return (
        f"Benign images {change} to it (PSNR {db(systems.clean.psnr_db.value)} to "
        f"{db(systems.attacked.psnr_db.value)} dB), and {_trigger(reading)}."
    )


def _trigger(reading: Reading) -> str:
    config = reading.record.config
    match reading.fired_by:
        case "air":
            nominal = f"{config.channel.name} at {short(config.snr_db)} dB"
            at = f"{reading.trigger_air} instead of {nominal}"
            return f"no image is touched: the trigger is the air, {at}"
        case "defense":
            return "no trigger is ever sent: what a defense does to the image is the trigger"
        case "element":
            return "nothing is added to an image: the trigger is the element that is in it anyway"
    which = "trigger" if len(reading.levels) == 1 else "strongest trigger"
    seen = similarity(reading.record.attack.triggers[-1].ssim)
    return f"the {which} has an SSIM of {seen} with the image that it changes"


def defense_verdict(reading: Reading, one: DefenseRecord) -> str:
    before, after = reading.undefended.attacked.levels, one.after.attacked.levels
    misfire = reading.words.turns
    by_level = zip(reading.levels, after, strict=True)
    left = [k for k, level in by_level if level.asr.value - level.benign.value > GONE]
    both = zip(before, after, strict=True)
    misfires = any(b.benign.interval[1] < a.benign.interval[0] for b, a in both)
    if not reading.has_attack or not implanted(reading):
        if reading.has_attack and _fires(reading, one):
            return f"fires the backdoor: {misfire}"
        answers = "nothing to remove"
    elif left:
        answers = "backdoor answers" + (f" at {_listed(left)}" if len(reading.levels) > 1 else "")
    elif misfires:
        return f"{misfire}, with or without a trigger"
    else:
        return "backdoor gone"
    return f"{answers}; {misfire}" if misfires else answers


def _listed(levels: list[int]) -> str:
    return f"level{'s' if len(levels) > 1 else ''} {', '.join(map(str, levels))}"
