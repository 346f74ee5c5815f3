"""Reports: pictures and one HTML file from a run's folder. Reads the store, computes no result."""

from semvet.reports.report import write_report

__all__ = ["write_report"]
