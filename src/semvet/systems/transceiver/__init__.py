"""A system over a channel, as everybody else uses it."""
