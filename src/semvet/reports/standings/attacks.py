"""Standings of attacks: what finished runs say, seeds of one configuration together."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from semvet.errors import StoreError
from semvet.intervals import OverSeeds, over_seeds
from semvet.store import RunFolder


@dataclass(frozen=True)
class Standing:
    """One attack on one system over one channel. Rates and intervals are over seeds."""

    attack: dict[str, Any]  # name and arguments
    setting: str  # data, system, channel, SNR
    goal: str
    seeds: list[int]
    n: int  # judged images of one run
    poison: str  # images of training images
    asr: OverSeeds  # mean over levels
    weakest: float  # the smallest ASR of any level and seed
    null_asr: float  # the largest of any level and seed, of the clean system
    benign: float  # the largest benign rate of any level and seed
    clean_psnr_db: float
    delta_psnr_db: OverSeeds
    ssim: float | None  # of the strongest trigger; None: there is none in the image
    l2: float | None


def standings(folders: Iterable[RunFolder]) -> list[Standing]:
    """Finished runs with an attack, best mean ASR first, then the cheapest."""
    groups: dict[str, dict[int, tuple[dict[str, Any], dict[str, Any]]]] = {}
    for folder in folders:  # newest first: an older run of the same seed is left out
        if not folder.finished:
            continue
        try:
            config, metrics = folder.config, folder.metrics
        except StoreError:  # one bad folder does not hide the others
            continue
        if config["attack"]["name"] == "none":
            continue
        if "judgements" not in metrics:  # of a version that knew fewer attacks
            continue
        same = {k: v for k, v in config.items() if k not in ("seed", "defense")}
        key = json.dumps([same, metrics["provenance"]["data_fingerprint"]], sort_keys=True)
        groups.setdefault(key, {}).setdefault(config["seed"], (config, metrics))
    rows = [_standing(list(runs.values())) for runs in groups.values()]
    return sorted(rows, key=lambda row: (-round(row.asr.mean, 3), row.delta_psnr_db.mean))


def _standing(runs: list[tuple[dict[str, Any], dict[str, Any]]]) -> Standing:
    config, first = runs[0]
    attacked = [metrics["attacked_system"] for _, metrics in runs]
    clean = [metrics["clean_system"] for _, metrics in runs]
    seen = first["attack"]["in_image"] and first["trigger"]["l2"][-1] > 0
    triggers = [metrics["trigger"] for _, metrics in runs]
    return Standing(
        attack=config["attack"],
        setting=f"{config['data']['name']} {config['system']['name']} "
        f"{config['channel']['name']} {config['snr_db']:g} dB",
        goal=first["attack"]["goal"],
        seeds=sorted(config["seed"] for config, _ in runs),
        n=attacked[0]["n_triggered"],
        poison=f"{first['poison']['count']:,} of {first['poison']['training_images']:,}",
        asr=over_seeds([one["asr_mean"] for one in attacked], low=0.0, high=1.0),
        weakest=min(min(one["asr"]) for one in attacked),
        null_asr=max(max(one["asr"]) for one in clean),
        benign=max(max(one["benign_false_positive"]) for one in attacked),
        clean_psnr_db=sum(one["psnr_db"] for one in clean) / len(runs),
        delta_psnr_db=over_seeds([one["delta_psnr_db"] for one in attacked]),
        ssim=sum(one["ssim"][-1] for one in triggers) / len(runs) if seen else None,
        l2=sum(one["l2"][-1] for one in triggers) / len(runs) if seen else None,
    )
