"""Kernels and weights: finding, pruning and tuning them."""
