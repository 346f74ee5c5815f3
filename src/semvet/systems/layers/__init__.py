"""Layers that several systems are built of."""
