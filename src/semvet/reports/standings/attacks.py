"""Standings of attacks: what finished runs say, seeds of one configuration together."""

from collections.abc import Iterable, Sequence

from semvet.intervals import over_seeds
from semvet.records import RunRecord
from semvet.records.standings import OverRuns, Standing
from semvet.reports.labels import labels
from semvet.reports.reading import Reading
from semvet.reports.standings.grouping import by_setting, key, newest_first

EVALUATED = ("images",)  # all are judged on so many


def standings(records: Iterable[RunRecord]) -> list[Standing]:
    """Runs with an attack, best mean ASR first, then the cheapest. A seed that was run twice counts
    once, as the newest run has it."""
    attacked = [one for one in newest_first(records) if Reading(one).has_attack]
    found: dict[tuple[str, str], dict[int, RunRecord]] = {}
    for name, some in by_setting(attacked, EVALUATED).items():
        for one in some:
            seeds = found.setdefault((name, key(one, EVALUATED)), {})
            seeds.setdefault(one.provenance.seed, one)
    groups = [[runs[seed] for seed in sorted(runs)] for runs in found.values()]
    titles = labels([(runs[0].config.attack.name, runs[0].config.attack.args) for runs in groups])
    rows = [
        _standing(name, title, runs)
        for (name, _), title, runs in zip(found, titles, groups, strict=True)
    ]
    return sorted(rows, key=lambda row: (-round(row.asr.mean, 3), row.delta_psnr_db.mean))


def _standing(name: str, title: str, runs: Sequence[RunRecord]) -> Standing:
    first = runs[0]
    attacked = [one.systems.attacked for one in runs]
    clean = [one.systems.clean for one in runs]
    strongest = [one.attack.triggers[-1] for one in runs]
    seen = first.attack.in_image and first.attack.shows_trigger
    goal, poison = first.attack.goal, first.attack.poison
    return Standing(
        label=title,
        attack=first.config.document()["attack"],
        setting=name,
        goal=goal.name,
        aim=goal.words.aim,
        has_image=goal.words.has_image,
        seeds=tuple(one.provenance.seed for one in runs),
        n=attacked[0].n_triggered,
        poison=f"{poison.count:,} of {poison.training_images:,}",
        packaged_sample=first.provenance.packaged_sample,
        asr=_over([one.asr_mean for one in attacked], low=0.0, high=1.0),
        weakest=min(min(one.asr) for one in attacked),
        null_asr=max(max(one.asr) for one in clean),
        benign=max(max(one.benign) for one in attacked),
        clean_psnr_db=_mean([one.psnr_db.value for one in clean]),
        delta_psnr_db=_over([one.delta_psnr_db.value for one in runs]),
        psnr_to_target_db=_mean([k.psnr_to_target_db for one in attacked for k in one.levels]),
        ssim=_mean([one.ssim for one in strongest if one.ssim is not None]) if seen else None,
        l2=_mean([one.l2 for one in strongest if one.l2 is not None]) if seen else None,
    )


def _over(values: Sequence[float], **limits: float) -> OverRuns:
    found = over_seeds(values, **limits)
    return OverRuns(mean=found.mean, interval=found.interval)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
