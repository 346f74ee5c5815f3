"""Reports: pictures and one HTML file from a run's folder. Reads the store, computes no result."""

from semvet.reports.certified_psnr import write_certified_psnr
from semvet.reports.report import write_report

__all__ = ["write_certified_psnr", "write_report"]
