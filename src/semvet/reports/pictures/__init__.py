"""Pictures of a report, one file each."""
