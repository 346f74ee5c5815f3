"""What is guaranteed of the picture that smoothing receives; one bound per module."""

from semvet.certificates.image import ALL, certify_image
from semvet.certificates.results import Curve, ImageCertificates, SSIMCurve, TargetCurve

__all__ = ["ALL", "Curve", "ImageCertificates", "SSIMCurve", "TargetCurve", "certify_image"]
