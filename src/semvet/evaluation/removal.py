"""What an attack that removes an element does to it and to the rest of the picture."""

from semvet.evaluation.goals.removal import REGION_DB, REST_DB, RemovalJudge
from semvet.evaluation.measurement import rate
from semvet.evaluation.subject import Subject
from semvet.metrics.statistics import mean


def removal_figures(subject: Subject) -> dict[str, float] | None:
    """PSNR in dB and rates over the scenes that hold the element; None for other goals."""
    judge = subject.judge
    if not isinstance(judge, RemovalJudge):
        return None
    received = subject.measured.received_triggered[0]
    region, rest = judge.region_db(received), judge.rest_db(received)
    return {
        "region_psnr_db": mean(region),  # against the true background
        "rest_psnr_db": mean(rest),
        "region_removed": rate(region >= REGION_DB),
        "rest_kept": rate(rest >= judge.clean_rest_db - REST_DB),
    }
