"""Latents to symbols: power and alphabets."""
