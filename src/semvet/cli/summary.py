"""A run's further figures, one line each: printed rule, classifier, studies."""

from collections.abc import Sequence

from semvet.records import RunRecord


def summary(record: RunRecord) -> list[str]:
    """Lines for a terminal; only of what the run has."""
    lines = []
    if printed := record.printed_rule:
        share = printed.benign.attacked
        lines.append(
            f"printed rule (mu - 3 sigma, any target): benign images that pass it {share:.3f}"
        )
    if (reader := record.classifier) and reader.originals:
        shares = [("as sent", reader.originals)]
        shares += [
            (f"{name} system", rate)
            for name, rate in (
                ("clean", reader.received.clean),
                ("attacked", reader.received.attacked),
            )
            if rate
        ]
        words = ", ".join(f"{rate.value:.3f} {where}" for where, rate in shares)
        lines.append(f"classifier {reader.name}: accuracy {words}")
    return lines + [study.headline for study in record.studies]


def span(rates: Sequence[float]) -> str:
    low, high = f"{min(rates):.2f}", f"{max(rates):.2f}"
    return low if low == high else f"{low}-{high}"
