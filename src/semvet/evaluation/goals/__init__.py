"""What an adversary may want, and when it counts as reached."""
