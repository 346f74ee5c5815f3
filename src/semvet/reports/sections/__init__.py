"""Sections of a report: templates, and tables for them."""
