"""Image and rate metrics: one value per image; means and intervals only in `statistics`."""
