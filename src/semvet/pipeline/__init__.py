"""One run from its record to its folder."""
