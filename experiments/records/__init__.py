"""What the files in results/ say that these scripts write: typed and frozen, no torch."""
