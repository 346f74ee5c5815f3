"""Reports: pictures and one HTML file from a run's record. Reads the store, computes no result.

Nothing is imported here, so that whoever prints a verdict does not wait for matplotlib.
"""
