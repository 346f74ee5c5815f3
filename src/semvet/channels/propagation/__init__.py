"""What fading and multipath do to symbols."""
