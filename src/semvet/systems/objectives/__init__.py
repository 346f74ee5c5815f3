"""Losses that systems bring themselves."""
