"""Plug-ins by name: typed arguments, checked runs, objects."""
