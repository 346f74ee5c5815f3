"""Defenses at work: the world that one stands in, and what is left of the attack behind it."""
