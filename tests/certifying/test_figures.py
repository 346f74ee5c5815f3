"""Figures over images: what counts as a failure, and what as a crossing."""

from dataclasses import replace

import pytest
import torch

from semvet.certificates import Curve, ImageCertificates, TargetCurve
from semvet.certificates.eot_pgd import WorstFound
from semvet.certifying.figures import system_certificates


def test_an_attack_below_a_certificate_is_counted():
    curve = Curve(
        "mean", "in words", between_db=[20.0, 10.0], truth_db=[15.0, 8.0], abstained=[False, False]
    )
    image = ImageCertificates(
        0.25, False, 64, 400, 0.05, [0.1, 0.2], 30.0, {"mean": curve}, None,
        [TargetCurve(way=[0.1, 0.2], psnr_db=[12.0, 14.0], usual_db=10.0)],
    )  # fmt: skip
    x = torch.zeros(1, 1, 2, 2)
    honest = [
        WorstFound(0.1, 25.0, 16.0, 25.0, 16.0, [11.0], x),
        WorstFound(0.2, 12.0, 9.0, 12.0, 9.0, [13.0], x),
    ]
    broken = [honest[0], replace(honest[1], mean_psnr_db=9.0, target_psnr_db=[15.0])]
    for ladder, crossings in ((honest, 0), (broken, 2)):
        figures = system_certificates([image], [ladder])
        assert (figures.compared.values, figures.compared.crossings) == (6, crossings)


def test_abstentions_count_as_failures():
    def image(*values):
        curve = Curve(
            "mean", "in words", list(values), list(values), [not value for value in values]
        )
        return ImageCertificates(
            0.25, False, 64, 400, 0.05, [0.1, 0.2], 30.0, {"mean": curve}, None, []
        )

    figures = system_certificates([image(30.0, 16.0), image(20.0, 0.0), image(0.0, 0.0)], [])
    curve = figures.curves["mean"]
    assert curve.between_db.median == (20.0, 0.0)
    assert curve.share_truth_db_at_least["15"] == pytest.approx((2 / 3, 1 / 3))
    assert curve.abstained == pytest.approx((1 / 3, 2 / 3))
    assert figures.found is None
