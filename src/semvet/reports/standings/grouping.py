"""Which runs are the same but for the seed, and what settings are called beside each other.

    key   the configuration without seed and defense, and of its evaluation only what decides the
          figures at hand; the data's fingerprint, packaged sample or not, the numerics version

A setting is a key without the attack: several attacks stand in one table.
"""

import json
from collections.abc import Iterable, Sequence

from semvet.records import RunRecord
from semvet.reports.labels import flat, telling

Facts = dict[str, object]
JUDGED = ("judge", "alpha", "draws")  # of an evaluation: they decide every figure


def key(record: RunRecord, evaluated: Iterable[str]) -> str:
    """Runs with one key differ in nothing but the seed."""
    facts = setting(record, evaluated) | {"attack": record.config.document()["attack"]}
    return json.dumps(facts, sort_keys=True)


def setting(record: RunRecord, evaluated: Iterable[str]) -> Facts:
    """`evaluated`: the keys of `evaluation` that decide the figures, besides those of the judge."""
    config, provenance = record.config.document(), record.provenance
    kept = {k: v for k, v in config.items() if k not in ("seed", "defense", "attack")}
    return kept | {
        "evaluation": {name: config["evaluation"][name] for name in (*JUDGED, *evaluated)},
        "data_fingerprint": provenance.data_fingerprint,
        "packaged_sample": provenance.packaged_sample,
        "numerics": provenance.numerics,
    }


def newest_first(records: Iterable[RunRecord]) -> list[RunRecord]:
    """By the time that a run says it was finished; whoever touches its folder changes nothing."""
    newest = sorted(records, key=lambda one: (one.provenance.finished, one.id), reverse=True)
    return list({one.id: one for one in reversed(newest)}.values())[::-1]  # a copy is the same run


def by_setting(
    records: Iterable[RunRecord], evaluated: Sequence[str]
) -> dict[str, list[RunRecord]]:
    """`mnist jscc awgn 25 dB system.width=32`: only what tells settings apart, as of defenses."""
    groups: dict[str, list[RunRecord]] = {}
    for one in records:
        facts = json.dumps(setting(one, evaluated), sort_keys=True)
        groups.setdefault(facts, []).append(one)
    names = _names([json.loads(facts) for facts in groups])
    return dict(zip(names, groups.values(), strict=True))


def _names(every: list[Facts]) -> list[str]:
    apart = [(_head(one), flat(one)) for one in every]
    different = telling(apart)
    return [
        " ".join([head, *(f"{name}={mine.get(name, 'none')}" for name in different[head])])
        for head, mine in apart
    ]


def _head(facts: Facts) -> str:
    def name(part: str) -> str:
        value = facts[part]
        return str(value["name"]) if isinstance(value, dict) else str(value)

    return f"{name('data')} {name('system')} {name('channel')} {facts['snr_db']:g} dB"
