"""A run's further figures, one line each: printed rule, removal, classifiers, studies."""

from collections.abc import Sequence
from typing import Any


def summary(metrics: dict[str, Any]) -> list[str]:
    """Lines for a terminal; only of what the run has, which early versions wrote less of."""
    lines = []
    if literal := metrics.get("literal"):
        share = literal["benign_false_positive"]
        lines.append(
            f"printed rule (mu - 3 sigma, any target): benign images that pass it {share:.3f}"
        )
    if removal := metrics.get("removal"):
        ours = removal["attacked"]
        lines.append(
            f"removal: element gone in {ours['region_removed']:.3f}, rest kept in "
            f"{ours['rest_kept']:.3f}"
        )
    if (reader := metrics.get("classifier")) and reader["originals"]["n"]:
        lines.append(
            f"classifier {reader['name']}: accuracy {reader['originals']['accuracy']:.3f} as sent, "
            f"{reader['clean_system']['accuracy']:.3f} clean system, "
            f"{reader['attacked_system']['accuracy']:.3f} attacked system"
        )
    studies = {"cropping": _cropping, "intensity": _intensity, "robustness": _robustness}
    found = metrics.get("studies", {})
    return lines + [line(found[name]) for name, line in studies.items() if name in found]


def _cropping(found: dict[str, Any]) -> str:
    parts = [
        f"{asr[-1]:.2f} at 1/{1 / ratio:g}" if ratio < 1 else f"{asr[-1]:.2f} whole"
        for ratio, asr in zip(found["ratios"], found["attacked"]["asr"], strict=True)
    ]
    return f"cropping, strongest level: ASR {', '.join(parts)} of the image's area"


def _intensity(found: dict[str, Any]) -> str:
    hits = dict(zip(found["intensities"], (1 - one[0] for one in found["attacked"]), strict=True))
    parts = [f"{share:.2f} at {s:g}" for s, share in hits.items() if s in (0.5, 1.0, 1.5)]
    return f"intensity: any outcome {', '.join(parts)} of the strongest trigger"


def _robustness(found: dict[str, Any]) -> str:
    parts = _asr(found["snr"], (0.0, 5.0), "at {:g} dB")
    parts += _asr(found["channel"], ("rayleigh",), "over {}")
    if found["jpeg"]:
        parts += _asr(found["jpeg"], (75,), "after JPEG {}")
    return f"robustness: ASR {', '.join(parts)}"


def _asr(found: dict[str, Any], points: Sequence[Any], where: str) -> list[str]:
    by_point = dict(zip(found["at"], found["attacked"]["asr"], strict=True))
    return [
        f"{span(by_point[point])} {where.format(point)}" for point in points if point in by_point
    ]


def span(rates: Sequence[float]) -> str:
    low, high = f"{min(rates):.2f}", f"{max(rates):.2f}"
    return low if low == high else f"{low}-{high}"
