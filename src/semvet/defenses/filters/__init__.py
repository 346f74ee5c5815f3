"""Filters that images pass before they are sent."""
